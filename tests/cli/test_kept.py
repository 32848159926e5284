"""Settings of a run are noted, and another run does not go on in its folder."""

from dataclasses import dataclass

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.kept import keep, plain


@dataclass(frozen=True)
class Some:
    size: int
    names: tuple[str, ...] = ("a",)


def test_other_settings_are_refused(tmp_path):
    keep(tmp_path, plain(Some(1)))
    keep(tmp_path, plain(Some(1)))
    with pytest.raises(InvalidConfigError, match="size=2"):
        keep(tmp_path, plain(Some(2)))
