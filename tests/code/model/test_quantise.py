"""Eight bits: half a step at most, a quarter of the room."""

import torch
from agentic_diffusion_code.model.quantise import quantise, restore


def test_there_and_back() -> None:
    torch.manual_seed(0)
    weights = {"a": torch.randn(8, 16), "b": torch.randn(16), "zero": torch.zeros(2, 2)}
    small = quantise(weights)
    back = restore(small)
    assert small["a"].dtype == torch.int8
    assert back.keys() == weights.keys()
    step = weights["a"].abs().amax(1, keepdim=True) / 127
    assert ((back["a"] - weights["a"]).abs() <= 0.6 * step).all()
    assert torch.equal(back["b"], weights["b"])
    assert torch.equal(back["zero"], weights["zero"])
