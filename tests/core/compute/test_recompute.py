"""Recomputing: the same losses and gradients, with less kept in between."""

from copy import deepcopy

import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.recompute import recompute
from agentic_diffusion.denoising.nn.dit import Block, TrajectoryDiT


class Kept:
    """Counts the bytes that autograd keeps for the way back."""

    def __init__(self):
        self.total = 0

    def __enter__(self):
        def keep(tensor):
            self.total += tensor.numel() * tensor.element_size()
            return tensor

        self.hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
        self.hooks.__enter__()
        return self

    def __exit__(self, *about):
        self.hooks.__exit__(*about)


def passed(net):
    net.zero_grad()
    with Kept() as kept:
        loss = net(torch.ones(4, 16, 2), torch.full((4,), 0.5), {}).square().mean()
    loss.backward()
    return loss.detach(), [p.grad.clone() for p in net.parameters() if p.grad is not None], kept.total


def test_the_result_is_the_same_and_less_is_kept() -> None:
    torch.manual_seed(0)
    plain = TrajectoryDiT(16, 2, width=16, depth=4, heads=2)
    with torch.no_grad():
        for weight in plain.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    thrifty = Compute("cpu", recompute=True).place(deepcopy(plain))
    loss, grads, kept = passed(plain)
    again, others, less = passed(thrifty)
    assert torch.equal(loss, again)
    assert all(torch.allclose(a, b, atol=1e-7) for a, b in zip(grads, others, strict=True))
    assert less < 0.5 * kept
    assert plain.state_dict().keys() == thrifty.state_dict().keys()
    assert all(isinstance(block, Block) for block in thrifty.trunk.blocks)


def test_copies_are_thrifty_on_their_own_and_use_is_as_before() -> None:
    net = recompute(recompute(TrajectoryDiT(8, 2, width=8, depth=1, heads=2)))
    twin = deepcopy(net)
    with torch.no_grad():
        for weight in net.parameters():
            weight.zero_()
    twin.head.weight.data.fill_(1.0)
    x, t = torch.ones(1, 8, 2), torch.ones(1)
    assert twin(x, t, {}).abs().max() > 0
    assert net(x, t, {}).abs().max() == 0
    with torch.inference_mode():
        assert torch.equal(twin.eval()(x, t, {}), twin.train()(x, t, {}))
