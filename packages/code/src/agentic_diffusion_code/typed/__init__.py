"""Whether the types of a Python program fit, by an inference that is silent where it is in doubt."""

from .body import Misfit
from .check import misfits, said
from .checkers import checked_by

__all__ = ["Misfit", "checked_by", "misfits", "said"]
