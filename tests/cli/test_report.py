"""What the commands say tells of the work and not of the machine."""

import json

import pytest
from agentic_diffusion.errors import StoreError
from agentic_diffusion_cli import report


def test_an_error_has_three_parts(capsys):
    report.show_error(StoreError("no [file]", "a file", "Make one."))
    said = capsys.readouterr().err
    assert said.split() == ["Error", "got", "no", "[file]", "expected", "a", "file", "Make", "one."]


def test_an_interruption_without_a_word(capsys):
    report.show_interrupt()
    assert capsys.readouterr().err == "Interrupted.\n"


def test_what_to_try_next(capsys):
    report.say_next("agentic-diffusion demo", "shows [it]")
    assert capsys.readouterr().out == "Next: agentic-diffusion demo  shows [it]\n"


def test_json_goes_to_a_file_or_to_stdout(tmp_path, capsys):
    value = {"a": [1, 2.5, None]}
    report.write_json(value, str(tmp_path / "deep" / "a.json"))
    report.write_json(value, "-")
    assert json.loads((tmp_path / "deep" / "a.json").read_text()) == value
    assert json.loads(capsys.readouterr().out) == value
    with pytest.raises(ValueError):
        report.write_json({"a": float("nan")}, "-")


def test_commands_are_told_without_the_folders_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inside, outside = tmp_path / "runs" / "a b", tmp_path.parent / "elsewhere" / "data"
    words = ["train", "maze", "--out", str(inside), f"--data={outside}", "--seed", "3", "--compile"]
    told = report.typed(words)
    assert told == "agentic-diffusion train maze --out 'runs/a b' --data=data --seed 3 --compile"
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/agentic-diffusion", "doctor"])
    assert report.typed() == "agentic-diffusion doctor"


def test_scores_in_words():
    score = {"mean": 137.25, "ci95": [136.0, 138.5], "n": 500}
    assert report.interval(score) == "137.2 ± 1.2"
    assert report.mean(score) == "137.2"
    assert report.mean(score, ".0f") == "137"
    assert report.mean(None) == "–"
