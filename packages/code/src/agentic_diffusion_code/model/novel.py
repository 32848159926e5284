"""Which tokens are new: what a request says and training hardly ever said, so that they can be learned alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from agentic_diffusion_code.model.rows import Row


def novel(lessons: Iterable[Row], old: Sequence[Row], *, share: float) -> frozenset[int]:
    """Return the tokens of the prompts of lessons that at most this share of old rows hold, program or prompt.

    Where only their embeddings move, every request without one of them is answered as before, but for what these
    tokens weigh in the output.

    Args:
        lessons: What is to be learned.
        old: A sample of what the network was trained on.
        share: Of the old rows.
    """
    held = Counter(token for row in old for token in {*row.prompt, *row.code})
    asked = {token for row in lessons for token in row.prompt}
    return frozenset(token for token in asked if held[token] <= share * len(old))
