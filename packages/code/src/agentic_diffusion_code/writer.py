"""Writers turn requests into program texts; this one denoises tokens with a model that it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import final

import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.guidance import Allowed, Guidance
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from torch import Tensor

from .barring import Barring
from .branching import Branching, Course, likeliest
from .domain import CodeRequest
from .heeded import Hears, heeded, left_out
from .holes import Holes, holes_of, hollow
from .infilling import between, filled
from .misgivings import misgivings
from .model.decode import Draft, Guides, Score, Viable, fill, unguided, write
from .model.decoding import Decoding
from .model.reading import Reads
from .opinion import Scans, by_line, chances, features
from .prefix import unbound
from .restating import Restated
from .rewards import Reward, scored
from .signed import decides
from .syntax import Permits
from .writes import Heeded, Sketch, Sureness, Tokens, Worded, prompt_of

HOLE = "HOLE"
LOOKED = 640
"""Tokens of the longest program that the model is asked about: memory grows with the square."""


@final
@dataclass(frozen=True)
class TokenWriter:
    """Denoises programs token by token, many at once.

    Args:
        model: What to believe.
        tokens: The vocabulary that the model was trained with.
        decoding: How programs are denoised.
        guides: Tilt the beliefs.
        syntax: From a language to what may stand at each position of a row; impossible tokens are barred.
        restates: Puts requests in words that the model knows, and what it writes in those of the user; a prefix is then
            put before a program and not read (see `restated`).
        viable: From a language to what refuses beginnings that no program of it has; None where nobody can tell.
        longest_prompt: Tokens of the longest description; longer ones are refused, never cut.
        asks: Turns a request into a prompt; by default as the embedded model was trained (see `prompt_of`).
        reward: What programs on their way are worth: where `decoding` has a reward, those drawn together compete by it.
    """

    model: Reads
    tokens: Tokens
    decoding: Decoding = field(default_factory=Decoding)
    guides: Guides = unguided
    longest_prompt: int = 256
    asks: Callable[[CodeRequest], tuple[int, ...]] | None = None
    syntax: Callable[[str], Permits] | None = None
    viable: Callable[[str], Viable | None] | None = None
    restates: Callable[[CodeRequest], Restated] | None = None
    reward: Reward | None = None

    def prompt(self, request: CodeRequest) -> tuple[int, ...]:
        """Return the tokens of a request.

        Raises:
            InvalidStateError: The description is longer than the model can read.
        """
        prompt = self._asked(request)
        if len(prompt) > self.longest_prompt:
            raise InvalidStateError(
                f"a description of {len(prompt)} tokens",
                f"at most {self.longest_prompt}",
                "Say it in fewer words; nothing is cut off silently.",
            )
        return prompt

    def _asked(self, request: CodeRequest) -> tuple[int, ...]:
        if self.asks is not None:
            return self.asks(request)
        if not isinstance(self.tokens, Worded):
            raise InvalidConfigError(
                "a vocabulary without the marks of a prompt",
                "`asks`, which turns a request into a prompt",
                "Give TokenWriter the prompt that its model was trained with.",
            )
        other = self._other(request)
        if other is None:
            given = request.signature or request.entry or ""
            return prompt_of(self.tokens, request.description, request.language, signature=given)
        said = other.told(request.description)
        return prompt_of(self.tokens, said, request.language, signature=other.signature)

    def _other(self, request: CodeRequest) -> Restated | None:
        return self.restates(request) if self.restates is not None else None

    def _declared(self, request: CodeRequest) -> str:
        """Return the declaration that programs are held to, as the model would write it."""
        other = self._other(request)
        return request.signature if other is None else other.declared

    def told(self, source: str, request: CodeRequest) -> str:
        """Return a program as the model would write it: with the names that it knows, and without a prefix."""
        other = self._other(request)
        return other.there(source) if other else source

    def ids(self, source: str, request: CodeRequest) -> list[int]:
        """Return the tokens of a program, as the model would write it."""
        return self.tokens.encode(self.told(source, request), request.language)

    def head(self, request: CodeRequest) -> list[int]:
        """Return the tokens that every candidate begins with: the prefix, unless it is put before what is written."""
        pinned = self.restates is None and request.prefix.strip()
        return self.tokens.encode(request.prefix, request.language) if pinned else []

    def write(self, request: CodeRequest, *, count: int, seed: int, temperature: float) -> Iterator[Sketch]:
        """Write candidates block by block.

        One without temperature is the most likely program that parses and uses no name that nothing binds, as far as
        the model can look back and the language has a parser of beginnings. Of several, every other one begins with the
        signature that was asked for: most programs need no helper before it, and names that the model never saw are
        then not copied by it.
        """
        head = self.head(request)
        if count == 1 and temperature == 0:
            yield from self._likeliest(request, head, seed=seed)
            return
        declared = self._declared(request)
        if count == 1 or head or not decides(declared):
            yield from self.drafted(request, head, count=count, seed=seed, temperature=temperature)
            return
        signature = self.tokens.encode(declared, request.language)
        free = Sketch((), 0.0, 0)
        for free in self.drafted(request, head, count=count - count // 2, seed=seed, temperature=temperature):
            yield replace(free, share=free.share / 2, done=False)
        for sketch in self.drafted(
            request, signature, count=count // 2, seed=seed + 1, temperature=temperature
        ):
            yield Sketch(
                free.sources + sketch.sources,
                0.5 + sketch.share / 2,
                free.forwards + sketch.forwards,
                free.tokens + sketch.tokens,
                sketch.done,
            )

    def _likeliest(self, request: CodeRequest, head: list[int], *, seed: int) -> Iterator[Sketch]:
        written = self.drafted(request, head, count=1, seed=seed, temperature=0.0)
        viable = self._viable(request)
        branches = self.branches(request) if viable is not None else None
        if viable is None or branches is None:
            return written

        def sound(source: str) -> bool:
            ids = [*self.ids(source, request), self.tokens.end]
            return bool(viable(torch.tensor([ids]))[0])

        return likeliest(written, branches, sound, seed=seed)

    def _viable(self, request: CodeRequest) -> Viable | None:
        """Return what refuses beginnings; nothing where there is a suffix, for what that binds is not seen here."""
        return self.viable(request.language) if self.viable and not request.suffix.strip() else None

    def drafted(
        self, request: CodeRequest, head: list[int], *, count: int, seed: int, temperature: float
    ) -> Iterator[Sketch]:
        """Write candidates that begin with some tokens, block by block, without any search.

        Where the model can look back, a block of the most likely program is written anew once and never drawn: what
        does not come right then is looked for from its forks, which is likelier to help.
        """
        how = replace(self.decoding, temperature=temperature)
        if count == 1 and temperature == 0 and isinstance(self.model, Scans):
            how = replace(how, again=min(how.again, 1))
        drafts = write(
            self.model,
            self.prompt(request),
            count=count,
            rng=generator(seed),
            fixed=[head] if head else (),
            decoding=how,
            guides=self._guides(request),
            score=self._score(request) if count > 1 else None,
            viable=self._viable(request),
        )
        return self._sketches(drafts, request, longest=self.decoding.longest, given=len(head))

    def _score(self, request: CodeRequest) -> Score | None:
        if self.reward is None or self.decoding.reward == 0:
            return None
        text, weight = partial(self.source, request=request), self.decoding.reward
        return scored(self.reward, request, text=text, end=self.tokens.end, weight=weight)

    def _guides(self, request: CodeRequest) -> Guides:
        """Return the guides of a block: what syntax and signature bar, given all before it, then the others."""
        barring = self._barring(request)
        if barring is None:
            return self.guides

        def of(before: Tensor) -> Sequence[Guidance[Tensor, Categorical]]:
            return Allowed(barring.behind(before)), *self.guides(before)

        return of

    def _barring(self, request: CodeRequest) -> Barring | None:
        """Return what bars tokens, where syntax is known."""
        if self.syntax is None:
            return None
        permits = self.syntax(request.language)
        return Barring.of(self.tokens, permits, declared=self._declared(request), language=request.language)

    def _sketches(
        self, drafts: Iterator[Draft], request: CodeRequest, *, longest: int, given: int
    ) -> Iterator[Sketch]:
        for draft in drafts:
            sources = tuple(self.source(row, request) for row in draft.tokens)
            real = (draft.tokens != self.tokens.pad) & (draft.tokens != self.tokens.mask)
            written = int(real.sum()) - given * len(draft.tokens)
            share = 1.0 if draft.done else min(0.99, draft.tokens.shape[1] / max(longest, 1))
            yield Sketch(sources, share, draft.forwards, max(written, 0), draft.done)

    def source(self, row: Tensor, request: CodeRequest) -> str:
        """Return the text of one row of tokens, up to its end."""
        ids = row.tolist()
        ids = ids[: ids.index(self.tokens.end)] if self.tokens.end in ids else ids
        text = self.tokens.layout([i for i in ids if i != self.tokens.pad], request.language)[0]
        other = self._other(request)
        return other.back(text) if other else text

    def mend(
        self,
        request: CodeRequest,
        source: str,
        *,
        groups: Sequence[Sequence[int]],
        hint: str,
        count: int,
        seed: int,
    ) -> Iterator[Sketch]:
        """Hide these lines and denoise them with everything else in view; lengths differ among candidates."""
        ids, fixed, lines = self.ids(source, request), len(self.head(request)), self._lines(source, request)
        chosen = [
            [index >= fixed and line in wanted for index, line in enumerate(lines)]
            for wanted in map(set, groups)
        ]
        return self._filled(request, ids, chosen, count=count, seed=seed)

    def vary(
        self, request: CodeRequest, source: str, *, share: float, count: int, seed: int
    ) -> Iterator[Sketch]:
        """Hide a share of the tokens and denoise them for the request: a start half-way from noise.

        Meng et al. 2022 (SDEdit), arXiv:2108.01073.
        """
        ids, _, _ = self._placed(source, request)
        fixed = len(self.head(request))
        chance = torch.rand(len(ids), generator=generator(seed))
        chosen = [index >= fixed and float(chance[index]) < share for index in range(len(ids))]
        return self._filled(request, ids, [chosen], count=count, seed=seed)

    def _before(self, source: str, request: CodeRequest) -> int:
        """Return how many lines of a program come before what the model would write of it."""
        return source.rstrip().count("\n") - self.told(source, request).rstrip().count("\n")

    def _lines(self, source: str, request: CodeRequest) -> list[int]:
        """Return the line of each token of a program, counted in the program as the user has it; 0 of none."""
        _, places, text = self._placed(source, request)
        before = self._before(source, request)
        return [text.count("\n", 0, start) + 1 + before if start < end else 0 for start, end in places]

    def _placed(self, source: str, request: CodeRequest) -> tuple[list[int], list[tuple[int, int]], str]:
        ids = self.ids(source, request)
        text, places = self.tokens.layout(ids, request.language)
        return ids, places, text

    def _filled(
        self,
        request: CodeRequest,
        ids: Sequence[int],
        chosen: Sequence[Sequence[bool]],
        *,
        count: int,
        seed: int,
    ) -> Iterator[Sketch]:
        """Fill what is chosen, one choice after the other; the last hole grows or shrinks after each full turn."""
        marks = {"mask": self.tokens.mask, "end": self.tokens.end, "pad": self.tokens.pad}
        canvas = hollow(ids, chosen, count=count, **marks)
        how = replace(self.decoding, temperature=self.decoding.temperature if count == 1 else 1.0)
        read, guides = self.prompt(request), self._guides(request)
        drafts = fill(self.model, read, canvas=canvas, rng=generator(seed), decoding=how, guides=guides)
        given = min(len(ids) - sum(hides) for hides in chosen)
        return self._sketches(drafts, request, longest=canvas.shape[1], given=given)

    def infill(self, request: CodeRequest, sketch: str, *, count: int = 1, seed: int = 0) -> Iterator[Sketch]:
        """Fill every `HOLE` of a program, of a length that the model finds; the rest is pinned.

        A model that can look back is asked for several fillings from the left, which it ranks with what stands behind
        them (see `infilling`): up to `count` programs come, the likeliest first. Another, and that one where it finds
        none, looks at all of the program at once: lengths are compared by the mean confidence of the first look (CAL,
        arXiv:2602.00476), hole by hole, and one program comes.

        Raises:
            InvalidStateError: There is no hole.
        """
        ids, places, text = self._placed(sketch, request)
        groups = holes_of(places, text, HOLE)
        if not groups:
            raise InvalidStateError(
                "a program without a hole", f"at least one {HOLE}", f"Write {HOLE} for it."
            )
        asked = 0
        if isinstance(self.model, Scans):
            course = self._course(request, self.head(request))
            found = filled(course, between(ids, groups), scans=self.model, seed=seed)
            asked = found.forwards
            if found.programs:
                texts = (self.source(torch.tensor(each), request) for each in found.programs)
                yield Sketch(tuple(dict.fromkeys(texts))[:count], 1.0, asked, done=True)
                return
        prompt = self.prompt(request)
        rows = Holes(tuple(ids), groups, mask=self.tokens.mask, end=self.tokens.end)
        lengths, forwards = rows.lengths(self.model, prompt)
        canvas, _ = rows.canvas(lengths)
        how, guides = self.decoding, self._guides(request)
        drafts = fill(self.model, prompt, canvas=canvas, rng=generator(seed), decoding=how, guides=guides)
        for shown in self._sketches(drafts, request, longest=canvas.shape[1], given=len(ids) - len(groups)):
            yield replace(shown, forwards=shown.forwards + forwards + asked)

    def sure(self, request: CodeRequest, source: str) -> Sureness | None:
        """Return the probability of each line's least sure token; None of a program that is too long to ask about.

        A model that can look back tells it of each token given all before it; another is asked with each token hidden
        once and the others in view.
        """
        ids, places, text = self._placed(source, request)
        if len(ids) > LOOKED:
            return None
        read, block = self.prompt(request), self.decoding.block
        chance = chances(self.model, read, [*ids, self.tokens.end], mask=self.tokens.mask, block=block)
        head = self.head(request)
        fixed = len(head) if ids[: len(head)] == head else 0
        names = unbound(source) if request.language == "python" else set[str]()
        written = chance[fixed:]
        before, lines = self._before(source, request), by_line(chance, places, text, fixed=fixed)
        return Sureness(
            (1.0,) * before + lines[max(0, -before) :],
            (
                *features(written, strange=bool(names)),
                *misgivings(request, source, self.told(source, request)),
            ),
            float(written.mean().exp()),
        )

    def heeded(self, request: CodeRequest, source: str) -> Heeded | None:
        """Return how much a program depends on each word of the description; None where the model cannot tell."""
        ids = self.ids(source, request)
        if not isinstance(self.model, Hears) or len(ids) > LOOKED:
            return None
        said = [request.model_copy(update={"description": text}) for text in left_out(request.description)]
        return heeded(
            self.model, list(map(self.prompt, said)), [*ids, self.tokens.end], block=self.decoding.block
        )

    def branches(self, request: CodeRequest) -> Branching | None:
        """Return a search among the programs of a request; None without looking back, and where a draft is too long."""
        if not isinstance(self.model, Scans) or len(self.ids(request.draft, request)) > self.decoding.longest:
            return None
        return Branching(self._course(request, self.head(request)), self.model)

    def _course(self, request: CodeRequest, given: Sequence[int]) -> Course:
        """Return what all programs of a request share, those that begin with some tokens."""
        longest, barring = self.decoding.longest, self._barring(request)
        return Course(
            self.model,
            self.tokens,
            self.prompt(request),
            given,
            self.decoding,
            self._guides(request),
            self._viable(request),
            barring.permitted if barring is not None else _anything,
            lambda drafts: self._sketches(drafts, request, longest=longest, given=0),
            lambda source: self.ids(source, request),
            lambda row: self.source(row, request),
            lambda source: self._lines(source, request),
        )


def _anything(before: Sequence[int], token: int) -> bool:
    return True
