"""Rules of a catalogue as guidance: what can never be called where, given what is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, final

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.guidance import Allowed
from agentic_diffusion.denoising.state import Condition, Shared, Time
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue

Mask = Bool[Tensor, "batch slots tokens"]
Next: TypeAlias = Callable[[object, Sequence[tuple[int, ...]], Mapping[str, Tensor]], Tensor | None]
"""From a denoiser, beginnings and a context to the logits of the first hidden slots, or None."""


def possible(
    x: Int[Tensor, "batch slots"], catalogue: Catalogue, *, available: Tensor, known: Tensor
) -> Mask:
    """Return what each slot may hold, given the slots that are decided.

    A tool may stand where it is available, where neighbours are linked to it (checked along the whole chain, so
    that no later slot is left without a choice), where it does not stand twice, and where what it needs is known,
    given by an earlier step, or could still be given by an earlier slot that is hidden. Nothing follows a stop.

    Args:
        x: Tokens, the mask token where a slot is hidden.
        catalogue: The tools.
        available: (batch or 1, tokens): the tools that may be called.
        known: (batch or 1, facts): the facts that hold at the start.
    """
    stop, mask = catalogue.stop, catalogue.mask
    batch, slots = x.shape
    hidden = x == mask
    shown = nn.functional.one_hot(x.clamp(max=stop), stop + 1).bool() & ~hidden[..., None]
    free = available.to(x.device)[:, None].expand(batch, slots, stop + 1)
    once = catalogue.once.to(x.device)
    if bool(once.any()):
        free = free & ~((shown.any(dim=1) & once)[:, None])
    if catalogue.facts:
        free = free & _met(shown, hidden, catalogue, known=known)
    return _linked(torch.where(hidden[..., None], free, shown), catalogue)


def _met(shown: Mask, hidden: Bool[Tensor, "batch slots"], catalogue: Catalogue, *, known: Tensor) -> Mask:
    """Return where the needs of a tool are met, or might still be."""
    device = shown.device
    needs, gives = catalogue.needs.to(device).float(), catalogue.gives.to(device).float()
    given = (shown.float() @ gives).cumsum(dim=1)  # after each slot
    before = torch.cat([torch.zeros_like(given[:, :1]), given[:, :-1]], dim=1)
    have = (before + known.to(device)[:, None].float()).clamp(max=1)
    missing = needs.sum(dim=1) - have @ needs.T
    hope = hidden.long().cumsum(dim=1) - hidden.long() > 0
    met: Tensor = (missing < 0.5) | hope[..., None]
    return met


def _linked(free: Mask, catalogue: Catalogue) -> Mask:
    """Keep what lies on a chain of links from the first slot to the last: forward and backward over the chain."""
    step, turned = (way.to(free.device) for way in catalogue.ways)
    slots = free.shape[1]
    ahead = [free[:, 0]]
    for place in range(1, slots):
        ahead.append(free[:, place] & (ahead[-1].float() @ step > 0))
    forward = torch.stack(ahead, dim=1)
    if bool(free[:, -1, catalogue.stop].all()):
        shown = free.sum(dim=2) == 1
        if not bool((shown[:, 1:] & ~shown[:, :-1]).any()):
            return forward  # only beginnings are shown, and a stop may stand behind anything
    back = [free[:, -1]]
    for place in range(1, slots):
        back.append(free[:, slots - 1 - place] & (back[-1].float() @ turned > 0))
    return forward & torch.stack(back[::-1], dim=1)


def lawful(
    guess: Int[Tensor, "batch slots"], hidden: Bool[Tensor, "batch slots"], *, catalogue: Catalogue
) -> Int[Tensor, "batch slots"]:
    """Return a guess that ends before the first call that may not stand where it is guessed.

    Tools that are each the likeliest in their slot may contradict each other: one stands twice, or behind one that it
    is not linked to. Where tools have needs, nothing is certain behind the first slot that was hidden.

    Args:
        guess: Tokens, none of them hidden.
        hidden: Where they are guessed; what stands before the first such slot is kept in any case.
        catalogue: The tools.
    """
    slots, stop = guess.shape[1], catalogue.stop
    place = torch.arange(slots, device=guess.device)
    same = (guess[:, :, None] == guess[:, None]) & (place[:, None] > place)
    once = catalogue.once.to(guess.device)[guess.clamp(max=stop)]
    wrong = same.any(dim=2) & once
    follows = catalogue.follows
    if follows is not None:
        calls = guess.clamp(max=stop)
        wrong[:, 1:] |= ~follows.to(guess.device)[calls[:, :-1], calls[:, 1:]] & (calls[:, :-1] < stop)
    first = torch.where(hidden.any(dim=1), hidden.int().argmax(dim=1), slots)[:, None]
    if catalogue.facts:
        wrong = wrong | (place > first)
    over = (wrong & (place >= first)).int().cumsum(dim=1) > 0
    return torch.where(over, stop, guess)


@final
class Ruled(nn.Module):
    """A denoiser whose beliefs keep the rules of a catalogue; while it is trained it is left alone.

    Equal rows of one request are asked about once: candidates start alike and many stay so.

    Args:
        denoiser: The denoiser, a module or an exact one.
        catalogue: The tools.
        keep: Whether what was believed of a row is kept as long as the same request is asked about: beliefs must not
            depend on the noise level then.
        ahead: Answers about the first hidden slot alone, where it can (see `Ahead`); what comes behind is then said to
            be stops. For searches, which ask about nothing else; the guess of a search that is cut short is the
            likeliest beginning, ended. Needs `keep`.

    Raises:
        InvalidConfigError: `ahead` without `keep`, which would never be asked.
    """

    def __init__(
        self, denoiser: Any, catalogue: Catalogue, *, keep: bool = False, ahead: Next | None = None
    ) -> None:
        super().__init__()
        if ahead is not None and not keep:
            raise InvalidConfigError(
                "Ruled(ahead=...) with keep=False",
                "keep=True, for only beliefs that are kept are answered ahead",
                "Give keep=True, or leave `ahead` out.",
            )
        self.keep, self.ahead = keep, ahead
        self._known: tuple[Any, dict[tuple[int, ...], Tensor]] = ((), {})
        self.denoiser = denoiser
        self.catalogue = catalogue
        self.eval()

    def forward(self, x: Int[Tensor, "batch slots"], t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the belief without what cannot be."""
        context = condition.context
        if self.training:
            return self._believed(x, t, condition)
        if self.keep and self._known[0] is context and not torch.is_grad_enabled():
            return self._remembered(x, t, condition)
        alone = not isinstance(context, Shared) and all(told.shape[0] == 1 for told in context.values())
        if self.keep and alone and not torch.is_grad_enabled():
            return self._remembered(x, t, condition)
        if t.ndim == 0 and len(x) > 1 and alone:
            rows, back = torch.unique(x, dim=0, return_inverse=True)
            if len(rows) < len(x):
                belief = self._ruled(rows, t, condition)
                return replace(belief, logits=belief.logits[back], hidden=belief.hidden[back])
        return self._ruled(x, t, condition)

    def _remembered(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the belief, asking only about rows that this request has not been asked about."""
        about, known = self._known
        if about is not condition.context:
            about, known = condition.context, {}
            self._known = (about, known)
        keys = [*map(tuple, x.tolist())]
        fresh = {key: index for index, key in enumerate(keys) if key not in known}
        if fresh:
            asked = self._asked(x, t, condition, fresh)
            known.update(zip(fresh, asked, strict=True))
            if len(fresh) == len(keys):
                return self._belief(asked, x)
        logits = torch.stack([known[key] for key in keys])
        return self._belief(logits, x)

    def _belief(self, logits: Tensor, x: Tensor) -> Categorical:
        one = torch.ones((), device=x.device)
        return Categorical(logits, x == self.catalogue.mask, one, partial(lawful, catalogue=self.catalogue))

    def _asked(
        self, x: Tensor, t: Time, condition: Condition[Tensor], fresh: Mapping[tuple[int, ...], int]
    ) -> Tensor:
        """Return the logits of the rows with these numbers."""
        told = None if self.ahead is None else self.ahead(self.denoiser, [*fresh], condition.context)
        if told is None:
            rows = torch.tensor([*fresh.values()], device=x.device)
            return self._ruled(x[rows], t if t.ndim == 0 else t[rows], condition).logits
        logits = torch.full((len(fresh), x.shape[1], told.shape[1]), -torch.inf)
        logits[..., self.catalogue.stop] = 0.0
        place = torch.tensor([row.index(self.catalogue.mask) for row in fresh])
        logits[torch.arange(len(fresh)), place] = told
        return logits

    def _believed(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
        belief: Categorical = self.denoiser(x, t, condition)
        return belief

    def _ruled(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
        context = condition.context

        def allowed(tokens: Tensor) -> Tensor:
            may = possible(tokens, self.catalogue, available=context["available"], known=context["known"])
            return nn.functional.pad(may, (0, 1))

        belief = Allowed(allowed)(self._believed(x, t, condition), x, t)
        return replace(belief, amend=partial(lawful, catalogue=self.catalogue))

    if TYPE_CHECKING:

        def __call__(self, x: Tensor, t: Time, condition: Condition[Tensor]) -> Categorical:
            """See `forward`."""
            ...
