"""Progress is throttled by the clock; the first and the last event always arrive."""

from dataclasses import dataclass, field

from agentic_diffusion.records import DenoiseEvent
from langgraph_agentic_diffusion.progress import PROGRESS, Progress


@dataclass
class Ear:
    """A clock that is set by hand, and what was heard."""

    time: float = 100.0
    heard: list = field(default_factory=list)
    beats: int = 0
    deaf: bool = False

    def beat(self) -> None:
        self.beats += 1

    def progress(self, interval: float = 0.05) -> Progress:
        return Progress(
            self.heard.append, self.beat, interval=interval, gone=lambda: self.deaf, now=lambda: self.time
        )

    @property
    def steps(self) -> list[int]:
        return [event["step"] for event in self.heard]


def event(step: int) -> DenoiseEvent:
    return DenoiseEvent(step=step, total=200, time=1 - step / 200, seconds=step / 100)


def test_at_most_twenty_a_second_yet_the_first_and_the_last():
    ear = Ear()
    progress = ear.progress()
    for step in range(1, 201):  # two seconds, a step every hundredth
        progress(event(step))
        ear.time += 0.01
    progress.close()
    assert ear.beats == 200
    assert ear.steps[0] == 1
    assert ear.steps[-1] == 200
    assert 34 <= len(ear.steps) <= 41
    assert ear.steps == sorted(set(ear.steps))


def test_without_an_interval_everything_is_sent_once():
    ear = Ear()
    progress = ear.progress(interval=0.0)
    for step in (1, 2, 3):
        progress(event(step))
    progress.close()
    progress.close()
    assert ear.steps == [1, 2, 3]
    assert ear.heard[0] == {"type": PROGRESS, "step": 1, "total": 200, "time": 0.995, "seconds": 0.01}


def test_a_plan_without_steps_says_nothing():
    ear = Ear()
    ear.progress().close()
    assert ear.heard == []


def test_nothing_is_sent_when_nobody_listens():
    ear = Ear()
    progress = ear.progress()
    progress(event(1))
    progress(event(2))
    ear.deaf = True
    progress(event(3))
    progress.close()
    assert ear.steps == [1]
    assert ear.beats == 2
