"""A tool planner on disk: weights and experience as safetensors, the tools and the settings in the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import JsonValue, ValidationError
from torch import Tensor, ones

from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.guidance import Guidance
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.planning.confidence import Logistic
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.experience import Experience
from agentic_diffusion.planning.domains.toolplan.judging import Feasible
from agentic_diffusion.planning.domains.toolplan.net import ToolNet
from agentic_diffusion.planning.domains.toolplan.phrases import Phrases
from agentic_diffusion.planning.domains.toolplan.planner import Proposer, ToolPlanner, assembled, untrained
from agentic_diffusion.planning.domains.toolplan.reading import Reading
from agentic_diffusion.planning.domains.toolplan.standing import Standing
from agentic_diffusion.planning.domains.toolplan.text import Encoder, Lexical
from agentic_diffusion.planning.domains.toolplan.training import network_of
from agentic_diffusion.planning.domains.toolplan.weighing import Glance, SecondLook
from agentic_diffusion.records import ToolSpec

KIND = "tool planner"


def packed(planner: ToolPlanner) -> tuple[Mapping[str, Tensor], Mapping[str, JsonValue]]:
    """Return the tensors and the facts that make the planner again, for `store.save`.

    Guides are not written down, as they are functions; the card names them, and `unpacked` asks for them.

    Raises:
        InvalidConfigError: The planner was not made by `tool_planner`, its second look is not a `SecondLook`, or
            what says where words stand is not a `Standing`.
    """
    network, domain = network_of(planner), planner.domain
    if not isinstance(domain, ToolPlanDomain) or not isinstance(domain.read, Reading):
        raise InvalidConfigError("another reader", "a planner that `tool_planner` made", "Save its parts.")
    reading = domain.read
    if not isinstance(reading.stand, Standing | None):
        raise InvalidConfigError(
            f"where words stand, said by {type(reading.stand).__name__}",
            "a `Standing` or nothing: others cannot be written down, and experience without them plans otherwise",
            "Make the planner with a `Standing`, or keep it in memory.",
        )
    tensors = {f"network/{name}": value for name, value in network.state_dict().items()}
    if isinstance(reading.encode, Lexical) and reading.encode.rarity is not None:
        tensors["rarity"] = reading.encode.rarity
    if isinstance(reading.stand, Standing):
        rare = reading.stand.rarity
        tensors["standing"] = ones(reading.stand.size) if rare is None else rare
    if reading.phrases is not None:
        tensors |= {"phrases/rows": reading.phrases.rows.half(), "phrases/weights": reading.phrases.weights}
    if reading.experience is not None:
        tensors |= {
            "experience/rows": reading.experience.rows.half(),
            "experience/plans": reading.experience.plans,
            "experience/weights": reading.experience.weights,
            "experience/rest": reading.experience.rest,
            "experience/spread": reading.experience.spread,
            "experience/stands": reading.experience.stands.half(),
        }
    calibrate = getattr(planner.select, "calibrate", None)
    links, second = domain.catalogue.links, getattr(planner.verify, "second", None)
    if not isinstance(second, SecondLook | None):
        raise InvalidConfigError(
            f"the second look {type(second).__name__}",
            "a `SecondLook` or none: others cannot be written down",
            "Save the planner without it and give it to the loaded one again.",
        )
    if second is not None:
        glance = second.glance
        tensors |= {
            "second/weights": glance.weights,
            "second/offset": glance.offset,
            "second/worth": glance.worth,
        }
    card: dict[str, JsonValue] = {
        "kind": KIND,
        "tools": [tool.model_dump(mode="json") for tool in domain.catalogue.tools],
        "links": None if links is None else [list(link) for link in sorted(links)],
        "slots": domain.slots,
        "count": planner.count,
        "width": network.place.shape[1],
        "depth": len(network.mixers),
        "goals": list(planner.verify.goals) if isinstance(planner.verify, Feasible) else [],
        "lexical": isinstance(reading.encode, Lexical),
        "standing": reading.stand.share if isinstance(reading.stand, Standing) else None,
        "reach": 1.0 if reading.experience is None else reading.experience.reach,
        "second": None if second is None else second.glance.likelihood,
        "guides": [type(guide).__name__ for guide in planner.guides],
        "logistic": [calibrate.slope, calibrate.offset] if isinstance(calibrate, Logistic) else None,
    }
    return tensors, card


def unpacked(
    tensors: Mapping[str, Tensor],
    card: Mapping[str, Any],
    *,
    encode: Encoder | None = None,
    propose: Proposer | None = None,
    guides: tuple[Guidance[Tensor, Categorical], ...] | None = None,
    compute: Compute | None = None,
) -> ToolPlanner:
    """Return the planner of what `store.load` read.

    Args:
        tensors: The weights and the experience.
        card: The tools and the settings.
        encode: The encoder that the planner was made with, where it was not ours.
        propose: Gives further candidates; proposers are not saved.
        guides: Tilt its belief, first to last; they are not saved either. Say `()` to do without those it had.
        compute: Device and precision.

    Raises:
        StoreError: This is no tool planner, or its encoder or its guides are missing.
    """
    _complete(card, encode=encode, guides=guides)
    try:
        tools = [ToolSpec.model_validate(tool) for tool in card["tools"]]
        links = None if card["links"] is None else [(one, two) for one, two in card["links"]]
        catalogue = Catalogue.of(tools, links=links)
        reading = _reading(catalogue, tensors, card, encode=encode)
        network = ToolNet(
            reading.tools, int(card["slots"]), width=int(card["width"]), depth=int(card["depth"])
        )
        prefix = "network/"
        network.load_state_dict(
            {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        )
        told, second = card["logistic"], card.get("second")
        units = (f"second/{name}" for name in ("weights", "offset", "worth"))
        glance = None if second is None else Glance(float(second), *(tensors[name] for name in units))
        planner = assembled(
            ToolPlanDomain(catalogue, int(card["slots"]), reading),
            network.eval(),
            propose=propose,
            goals=tuple(card["goals"]),
            count=int(card["count"]),
            compute=compute,
            calibrate=untrained if told is None else Logistic(*map(float, told)),
            glance=glance,
        )
        return replace(planner, guides=guides or ())
    except (KeyError, TypeError, ValueError, RuntimeError, ValidationError) as error:
        raise StoreError(
            f"a tool planner that cannot be put together ({type(error).__name__}: {error})"[:300],
            "the tensors and the card of one `packed` planner",
            "Save it again with this version.",
        ) from error


def _complete(
    card: Mapping[str, Any], *, encode: Encoder | None, guides: Sequence[Guidance[Tensor, Categorical]] | None
) -> None:
    """Raise `StoreError` where the card is another's, or something is missing that was not saved."""
    if card.get("kind") != KIND or (not card.get("lexical") and encode is None):
        raise StoreError(
            f"a card of kind {card.get('kind')!r}",
            f"the card of a {KIND}, and the encoder it was made with where that was not ours",
            "Load another folder, or pass `encode`.",
        )
    had = card.get("guides") or []
    if had and guides is None:
        raise StoreError(
            f"no guides for a planner that was saved with {', '.join(map(str, had))}",
            "`guides=`: they are not saved, and without them it plans otherwise",
            "Pass them, or `guides=()` to do without.",
        )


def _reading(
    catalogue: Catalogue, tensors: Mapping[str, Tensor], card: Mapping[str, Any], *, encode: Encoder | None
) -> Reading:
    """Return how the planner read requests."""
    encoder = encode or Lexical(len(tensors["rarity"]), tensors["rarity"])
    share = card.get("standing")
    stand = None if share is None else Standing(len(tensors["standing"]), float(share), tensors["standing"])
    reading = Reading(catalogue, encoder, stand=stand)
    if "phrases/rows" in tensors:
        heard = Phrases(tensors["phrases/rows"].float(), tensors["phrases/weights"])
        reading = replace(reading, phrases=heard)
    if "experience/rows" in tensors:
        names = ("rows", "plans", "weights", "rest", "spread", "stands")
        parts = (tensors[f"experience/{name}"] for name in names)
        rows, plans, weights, rest, spread, stands = parts
        reach = float(card["reach"])
        known = Experience(rows.float(), plans, weights, rest, spread, stands.float(), reach)
        reading = replace(reading, experience=known)
    return reading
