"""The school: it trains into a folder, and goes on where it stopped."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.denoising.nn.block import Shape
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code import school
from agentic_diffusion_code.corpus.natural import NaturalRow
from agentic_diffusion_code.embedded import load_writer
from agentic_diffusion_code.lessons import Manner, spans_of
from agentic_diffusion_code.model.quantise import restore
from agentic_diffusion_code.model.rows import Row, noisy
from agentic_diffusion_code.model.train import Recipe, Run
from agentic_diffusion_code.noise import spans
from agentic_diffusion_code.school import Course, train
from agentic_diffusion_code.tokens import Vocabulary


def course(steps: int, width: int = 8) -> Course:
    shape = Shape(Vocabulary.load().size, width=width, depth=1, heads=2)
    return Course(shape, Recipe(steps=steps, rows=2, warmup=1, pool=2), manner=Manner(longest=80))


def test_a_course_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(school, "WORDS", 20)
    begun = train(course(4), tmp_path, every=2, facts={"command": "here"})
    assert [p.step for p in itertools.islice(begun, 3)] == [1, 2, 3]
    begun.close()
    assert [p.step for p in train(course(4), tmp_path, every=2, facts={})] == [3, 4]
    _, card = load_writer(tmp_path)
    assert card["step"] == card["timed_steps"] == 4
    assert (card["kind"], card["seed"]) == ("embedded coder", 0)
    assert card["parameters"] > 1000
    assert card["seconds"] >= card["seconds_this_time"] >= 0
    assert card["languages"] == ["python"]
    assert len(card["words"]) > 10
    assert len(card["data"]) == 16
    with pytest.raises(InvalidConfigError, match="other settings"):
        next(train(course(4, width=12), tmp_path, facts={}))


def test_a_course_begins_with_another_and_new_parts_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school, "WORDS", 20)
    first, second = tmp_path / "first", tmp_path / "second"
    list(train(course(2), first, every=1, facts={"command": "the first"}))
    bundle = store.load(first / school.CHECKPOINT)
    older = {name: value for name, value in bundle.tensors.items() if "carry" not in name}
    store.save(first / school.CHECKPOINT, older, dict(bundle.card))
    seen: list[dict[str, torch.Tensor]] = []
    begin = Run.begin

    def watched(run: Run, weights: Mapping[str, torch.Tensor]) -> None:
        seen.append(dict(weights))
        begin(run, weights)

    monkeypatch.setattr(Run, "begin", watched)
    list(train(course(1), second, every=1, begin=first, facts={"command": "the second"}))
    assert torch.equal(seen[0]["embed.weight"], bundle.tensors["average/embed.weight"])
    assert not seen[0]["carry.weight"].any()
    card = store.load(second).card
    assert card["begun_with"]["command"] == "the first"
    assert card["begun_with"]["step"] == 2
    assert card["begun_with"]["precision"] == "fp32"
    with pytest.raises(InvalidConfigError, match="other sizes"):
        next(train(course(1, width=12), tmp_path / "third", begin=first, facts={}))


def test_a_course_begins_with_weights_whose_checkpoint_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school, "WORDS", 20)
    monkeypatch.setattr(school, "CHECKPOINT", "elsewhere")
    list(train(course(2), tmp_path / "first", every=1, facts={"command": "the first"}))
    kept = restore(store.load(tmp_path / "first").tensors)
    monkeypatch.setattr(school, "CHECKPOINT", "run")
    seen: list[dict[str, torch.Tensor]] = []
    monkeypatch.setattr(Run, "begin", lambda self, weights: seen.append(dict(weights)))
    training = train(course(1), tmp_path / "second", every=1, begin=tmp_path / "first", facts={})
    list(training)
    assert torch.equal(seen[0]["embed.weight"], kept["embed.weight"])
    begun = store.load(tmp_path / "second").card["begun_with"]
    assert (begun["command"], begun["precision"]) == ("the first", "int8")


def test_depths_decide_how_long_programs_are() -> None:
    short, deep = replace(course(1), depths=(1, 0, 0, 0)), replace(course(1), depths=(0, 0, 0, 1))
    assert {len(task.stages) for task in school.first(short, 12)} == {1}
    assert {len(task.stages) for task in school.first(deep, 12)} == {4}
    assert short.settings(Vocabulary.load()) != deep.settings(Vocabulary.load())
    for wrong in ((1.0,), (0.0, 0.0, 0.0, 0.0), (1.0, -1.0, 1.0, 1.0)):
        with pytest.raises(InvalidConfigError, match="4 weights"):
            school.first(replace(course(1), depths=wrong), 1)


def test_trees_likely_mistakes_functions_of_people_and_benchmarks_are_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school, "WORDS", 5)
    source = "def shorten(text):\n    return text[:3]\n"
    people = [NaturalRow(description="Shorten a text.", source=source, entry="shorten", module="a.py")]
    monkeypatch.setattr(school, "written", lambda: people)
    plain = course(2)
    used = replace(plain, plausible=True, natural=0.5, manner=replace(plain.manner, trees=True, renamed=0.0))
    words = Vocabulary.load()
    drawn = list(itertools.islice(school.lessons(used, words, start=0), 40))
    body = tuple(words.encode(source, "python"))
    found = [row for row in drawn if row.code[:-1] == body]
    assert 8 < len(found) < 32
    assert found[0].spans == tuple(spans(body, "python"))
    assert found[0].spans != spans_of(source, words, "python")
    benchmark = tmp_path / "bench.jsonl"
    said = " ".join(["Shorten a text that is far longer than anybody would ever want to read"] * 2)
    benchmark.write_text(json.dumps({"prompt": said}))
    people[0] = people[0].model_copy(update={"description": said})
    clean = replace(used, benchmarks=(benchmark,))
    drawn = list(itertools.islice(school.lessons(clean, words, start=0), 40))
    assert not [row for row in drawn if row.code[:-1] == body]
    list(train(clean, tmp_path / "run", every=2, facts={}))
    card = store.load(tmp_path / "run").card
    assert (card["plausible"], card["natural"], card["manner"]["trees"]) == (True, 0.5, True)
    assert len(card["benchmarks"][0]) == 16
    assert card["tokens_per_second"] > 0
    assert card["flops_per_second"] > 0
    assert not {"plausible", "natural", "benchmarks"} & set(plain.settings(words))
    with pytest.raises(InvalidConfigError, match="add python"):
        replace(plain, natural=0.5, languages=("go",))


def test_likely_mistakes_are_asked_for() -> None:
    words = Vocabulary.load()
    code = (*words.encode("def f(x):\n    return x + 1 == 2 and True\n", "python"), words.end)
    noise = replace(school.noise_of(replace(course(1), plausible=True), words), wrong_share=1.0, wrong=1.0)
    alike = {
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        ",",
        ".",
        "[",
        "]",
        "or",
        "False",
        "None",
    }
    peers = alike | {words.texts[token] for token in code} | {"while", *map(str, range(11))}
    wrong = 0
    for seed in range(20):
        piece = noisy(Row((5,), code), noise, size=0, rng=np.random.default_rng(seed))
        shown = (piece.tokens != words.mask) & (piece.tokens != words.pad) & (piece.kind >= 1)
        truth = np.array([*code, *[words.pad] * 20])[piece.position]
        bad = shown & (piece.tokens != truth)
        assert (piece.target[bad] == truth[bad]).all()
        assert {words.texts[token] for token in piece.tokens[bad]} <= peers
        wrong += int(bad.sum())
    assert wrong > 10
    assert school.noise_of(course(1), words).plausible is None
