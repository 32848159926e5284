"""The network starts without an opinion and hides facts only while it is trained."""

import torch
from agentic_diffusion.denoising.state import Shared
from agentic_diffusion_worlds.acting.network import FactNet


def test_it_starts_silent_and_learns_one_fact():
    torch.manual_seed(0)
    net = FactNet(2, 3, context_dim=4, width=8)
    tokens, t = torch.full((3, 2), 2), torch.ones(3)
    context = {"context": torch.eye(4)[:3]}
    assert torch.equal(net(tokens, t, context), torch.zeros(3, 2, 3))
    optimiser = torch.optim.Adam(net.parameters(), lr=0.1)
    aim = torch.tensor([[1, 0], [0, 1], [0, 0]])
    for _ in range(40):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(tokens, t, context).transpose(1, 2), aim).backward()
        optimiser.step()
    assert torch.equal(net(tokens, t, context).argmax(-1), aim)


def test_one_context_serves_the_whole_batch_and_dropout_is_for_training():
    net = FactNet(2, 3, context_dim=4, width=8, dropout=0.5)
    torch.nn.init.ones_(net.straight.weight)
    tokens, t, one = torch.zeros(5, 2, dtype=torch.long), torch.rand(5), {"context": torch.ones(1, 4)}
    torch.manual_seed(1)
    assert not torch.equal(net(tokens, t, one), net(tokens, t, one))
    net.eval()
    assert torch.equal(net(tokens, t, one), net(tokens, t, one))
    assert net(tokens, t, one).shape == (5, 2, 3)


def test_words_that_never_came_up_say_nothing():
    torch.manual_seed(0)
    net = FactNet(2, 3, context_dim=4, width=8)
    tokens, t = torch.full((3, 2), 2), torch.ones(3)
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.1)
    for _ in range(5):
        optimiser.zero_grad()
        aim = torch.tensor([[1, 0], [0, 1], [0, 0]])
        torch.nn.functional.cross_entropy(
            net(tokens, t, {"context": torch.eye(4)[:3]}).transpose(1, 2), aim
        ).backward()
        optimiser.step()
    new = torch.eye(4)[:3]
    new[:, 3] = 1.0
    assert torch.equal(net(tokens, t, {"context": new}), net(tokens, t, {"context": torch.eye(4)[:3]}))


def test_what_is_known_of_a_request_is_read_once_and_says_the_same():
    torch.manual_seed(0)
    net = FactNet(2, 3, context_dim=4, width=8)
    for weights in net.parameters():
        torch.nn.init.normal_(weights)
    tokens, t, known = torch.randint(0, 3, (5, 2)), torch.rand(5), torch.randn(3, 4)
    of = torch.tensor([2, 0, 0, 1, 2])
    plain = net(tokens, t, {"context": known[of]})  # as in training
    net.eval()
    for context in ({"context": known[of]}, Shared({"context": known}, of)):
        assert torch.allclose(net(tokens, t, context), plain, atol=1e-5)
    one = net(tokens, t, {"context": known[:1]})
    assert torch.allclose(one, net(tokens, t, {"context": known[:1].expand(5, -1)}), atol=1e-5)
