from agentic_diffusion_code.sandbox.attacks.model import family


def test_python_attacks_get_their_words():
    (attack,) = family("files", {"one": "breach(1)"})
    assert attack.name == "files/one"
    assert attack.source.endswith("breach(1)")
    assert "@SECRET@" in attack.source


def test_cheats_and_other_languages_stay_as_they_are():
    (cheat,) = family("cheating", {"one": "x"}, goal="cheat")
    (script,) = family("javascript", {"one": "x"}, language="javascript")
    assert cheat.source == script.source == "x"
