"""Files and functions stay short."""

import warnings

from gates import sizes
from gates.tree import ROOT


def test_nothing_is_too_long() -> None:
    faults, growing = sizes(ROOT)
    for sentence in growing:
        warnings.warn(sentence, stacklevel=1)
    assert faults == []
