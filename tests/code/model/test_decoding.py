"""The settings of decoding, and how a block is tried again."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.model.decoding import DRAWN, Decoding


@pytest.mark.parametrize(
    "wrong", [{"block": 0}, {"bound": -0.1}, {"revise": 1.0}, {"again": -1}, {"reward": -1.0}]
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidConfigError, match="fair start"):
        Decoding(**wrong)


def test_a_block_is_tried_again_one_by_one_and_then_drawn() -> None:
    how = Decoding(bound=0.3, temperature=0.2)
    assert how.trying(0) is how
    assert (how.trying(1).bound, how.trying(1).temperature) == (0.0, 0.2)
    assert how.trying(DRAWN).temperature == 1.0
