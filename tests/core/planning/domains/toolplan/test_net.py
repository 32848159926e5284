"""The network: lexical before training, and at home with tools it has never seen."""

import torch
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.net import ToolNet
from agentic_diffusion.planning.domains.toolplan.reading import Reading
from agentic_diffusion.planning.domains.toolplan.text import Lexical


def test_untrained_it_prefers_what_the_texts_say_and_never_the_mask(catalogue, ask) -> None:
    reading = Reading(catalogue, Lexical(256))
    net = ToolNet(reading.tools, 4, width=16, heads=2)
    x = torch.full((2, 4), catalogue.mask)
    logits = net(x, torch.ones(2), reading(ask))
    assert logits.shape == (2, 4, catalogue.vocabulary)
    assert logits[0, 0, :4].argmin() == catalogue.token("check_weather")


def test_the_same_weights_score_other_tools(catalogue, ask, tools) -> None:
    reading = Reading(catalogue, Lexical(256))
    net = ToolNet(reading.tools, 4, width=16, heads=2)
    torch.nn.init.normal_(net.ask.weight)
    net.eval()
    turned = Catalogue.of(tools[::-1])
    other = Reading(turned, Lexical(256))
    over = net.over(other.tools)
    x = torch.full((1, 4), catalogue.mask)
    here, there = net(x, torch.ones(1), reading(ask)), over(x, torch.ones(1), other(ask))
    assert torch.allclose(here[..., :4], there[..., :4].flip(-1), atol=1e-5)
    assert torch.allclose(here[..., 4], there[..., 4], atol=1e-5)
    assert over.read is net.read
