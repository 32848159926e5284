"""What keeps a composition from becoming a row."""

from __future__ import annotations


class UnsayableError(Exception):
    """A language has no plain way to say something: the task is drawn anew."""
