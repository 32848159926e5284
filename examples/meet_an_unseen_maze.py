"""A passage is closed after training: the planner that ships meets the new maze, and learns ways around."""

from pathlib import Path
from tempfile import TemporaryDirectory

from agentic_diffusion.compute import Compute
from agentic_diffusion_cli.unseen_spend import Spend
from agentic_diffusion_cli.unseen_study import FROZEN, OURS, UnseenStudy
from agentic_diffusion_cli.unseen_suites import Closed

# far too little for a real gain; `agentic-diffusion bench unseen-mazes` has sensible settings
SMALL = Spend(rounds=1, tasks=3, exams=3, steps=3, batch=4, candidates=4)


def main() -> None:
    """Adapt to one maze with one passage closed, behind a gate, and drive a few errands before and after."""
    suite = Closed(candidates=2, compute=Compute(threads=1), transitions=2000)
    (maze,) = suite.unseen(1)
    print(f"{maze.name}:\n{maze.map}")
    with TemporaryDirectory() as folder:
        study = UnseenStudy(suite, SMALL, maps=1, seeds=(0,), errands=4, folder=Path(folder))
        for name in (FROZEN, OURS):
            told = study.part(name, maze, seed=0)
            print(f"{name}: {sum(told['settled']):.0f} of {len(told['settled'])} errands end in the goal")
            for fate in told.get("fates", ()):
                gain = fate["verdict"]["evidence"].get("gain", 0.0)
                print(f"  {fate['outcomes']} drives to learn from; the gate saw a gain of {gain:.3f}")


if __name__ == "__main__":
    main()
