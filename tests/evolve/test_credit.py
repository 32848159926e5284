"""Credit: little for what is unlike any real plan, much for what is preferred."""

import torch
from agentic_diffusion_evolve.credit import plausible, preferred
from agentic_diffusion_evolve.encoded import encode
from agentic_diffusion_evolve.prefer import Taste
from agentic_diffusion_evolve.weigh import ManifoldDistance, calibrate_weigher


def test_credit_comes_from_weights_and_from_tastes(arcs) -> None:
    real = arcs.states(torch.linspace(-0.5, 0.5, 60))
    weigher = calibrate_weigher([ManifoldDistance(real[::2])], real[1::2])
    outcomes = arcs.outcomes([0.0, 0.9], [1.0, 1.0])
    data = encode(outcomes, arcs.domain)
    usual, strange = plausible(weigher)(outcomes, data).tolist()
    assert usual > 0.2 > strange
    taste = Taste(lambda value: [value.states[4][0]], (10.0,), 3)
    shares = preferred(taste, temperature=2.0)(outcomes, data)
    assert torch.allclose(shares, torch.tensor(taste.shares([o.value for o in outcomes], temperature=2.0)))
    assert shares[1] > shares[0]
