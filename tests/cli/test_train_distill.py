"""The command `train distill` leaves a planner of one step with its card."""

from agentic_diffusion import store


def test_a_student_is_made_scored_and_told(cli, trained, tmp_path):
    words = ["--size", "umaze", "--teacher", trained.folder, "--teacher-steps", 2, "--steps", 2, "--batch", 2]
    done = cli(
        "train", "distill", *words, "--score-episodes", 1, "--out", tmp_path / "one", "--device", "cpu"
    )
    assert done.exit_code == 0, done.output
    assert "over 1 episodes" in done.stdout
    assert "bench maze2d --size umaze" in done.stdout
    card = store.load(tmp_path / "one").card
    assert card["one_step"] is True
    assert card["teacher_sha256"] == trained.card["sha256"]
    assert card["score"]["steps"] == 1
    assert card["command"].startswith("agentic-diffusion")
    assert card["recipe"]["steps"] == 2
