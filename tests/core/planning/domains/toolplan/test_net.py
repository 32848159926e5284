"""The network: lexical before training, and at home with tools it has never seen."""

import torch
from agentic_diffusion.denoising.state import Condition
from agentic_diffusion.planning.domains.toolplan import ToolRequest
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.net import ToolNet, met
from agentic_diffusion.planning.domains.toolplan.reading import Reading
from agentic_diffusion.planning.domains.toolplan.text import Lexical
from agentic_diffusion.planning.together import joined, picked


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


def test_rows_of_many_requests_are_told_what_each_is_told_and_requests_are_read_once(catalogue, ask) -> None:
    reading = Reading(catalogue, Lexical(256))
    net = ToolNet(reading.tools, 4, width=16, heads=2)
    for weights in net.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    net.eval()
    requests = [ask, ToolRequest(goal="how is the weather"), ToolRequest(goal="write a mail")]
    each = [Condition(context=reading(request)) for request in requests]
    x = torch.randint(0, 6, (7, 4), generator=torch.Generator().manual_seed(0))
    of, prepared, whole = torch.tensor([2, 0, 0, 1, 2, 0, 1]), [], net.prepared

    def counted(context, **how):
        prepared.append(len(context["meets"]))
        return whole(context, **how)

    net.prepared = counted
    both = picked(joined(each, rows=1), of, of=3)
    with torch.inference_mode():
        told = [net(x, torch.ones(7), both.context) for _ in range(2)][1]
        for row, k in enumerate(of.tolist()):
            alone = net(x[row : row + 1], torch.ones(1), each[k].context)
            assert torch.allclose(told[row : row + 1], alone, atol=1e-4)
    assert prepared[0] == 3
    assert prepared.count(3) == 1


def test_products_are_those_of_each_request() -> None:
    asked, told, of = torch.randn(6, 2, 5), torch.randn(3, 4, 5), torch.tensor([1, 0, 1, 1, 2, 0])
    assert torch.allclose(met(asked, told, of), asked @ told[of].transpose(1, 2), atol=1e-5)
    assert torch.allclose(met(asked[:3], told, None), asked[:3] @ told.transpose(1, 2), atol=1e-5)
    assert torch.allclose(met(asked, told[:1], None), asked @ told[0].T, atol=1e-5)
