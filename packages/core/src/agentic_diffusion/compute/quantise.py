"""Eight bits: weights that take a quarter of the room, and matrix products that are faster on a processor."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import deepcopy
from typing import TypeVar, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from agentic_diffusion.compute.device import networks
from agentic_diffusion.errors import InvalidConfigError

T = TypeVar("T")

SCALE = ".scale"
"""What is put behind the name of a weight for the name of its scale."""
MOST = 63
"""The largest weight of `Int8Linear`: with seven bits, two products with eight-bit inputs fit into sixteen bits, which
the instructions of AVX2 add up in; with eight they would overflow and be cut off."""


def quantise(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return matrices as whole numbers from -127 to 127 with the scale of each row, and vectors as they are."""
    small: dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.ndim != 2:
            small[name] = value.detach().float()
            continue
        scale = value.detach().float().abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
        small[name] = (value.detach().float() / scale).round().to(torch.int8)
        small[name + SCALE] = scale[:, 0].half()
    return small


def restore(small: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights that `quantise` packed, off by at most half a step of each row's scale and its rounding."""
    return {
        name: value.float() * small[name + SCALE].float()[:, None] if name + SCALE in small else value
        for name, value in small.items()
        if not name.endswith(SCALE)
    }


@final
class Int8Linear(nn.Module):
    """A linear layer with whole numbers as weights; its inputs are rounded to 256 steps of their range at each call.

    y = r ∘ (W₇ x₈) + b, with one scale r for each output and one range for all inputs of a call. For inference on a
    processor; it has no gradients.

    Args:
        linear: The layer to take the weights of.

    Raises:
        InvalidConfigError: This build of torch has no eight-bit products for this processor.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float().cpu()
        rows = weight.abs().amax(dim=1).clamp(min=1e-12)
        whole = (weight / rows[:, None] * MOST).round().to(torch.int8)
        bias = linear.bias.detach().float().cpu() if linear.bias is not None else torch.zeros(len(rows))
        self.register_buffer("whole", whole)
        self.register_buffer("rows", rows)
        self.register_buffer("bias", bias)
        self.register_buffer("sums", whole.sum(dim=1, dtype=torch.int32), persistent=False)
        self.register_buffer("none", torch.zeros(len(rows)), persistent=False)
        self._packed = _packed(whole)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # torch says once that its successor lives in torchao: see decision 25
            self(torch.zeros(1, weight.shape[1]))

    def __deepcopy__(self, memo: dict[int, object]) -> Int8Linear:
        return self  # nothing in it ever changes, and packed weights cannot be copied

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """Return the outputs, in the dtype of the inputs.

        Raises:
            InvalidConfigError: The inputs do not lie on the processor.
        """
        if x.device.type != "cpu":
            raise InvalidConfigError(
                f"eight-bit products on {x.device}", "the processor", "Use bf16 or fp16 on a GPU."
            )
        whole, rows, bias = self.get_buffer("whole"), self.get_buffer("rows"), self.get_buffer("bias")
        flat = x.reshape(-1, x.shape[-1]).float().contiguous()
        product = torch.fbgemm_linear_int8_weight_fp32_activation(
            flat, whole, self._packed, self.get_buffer("sums"), 1 / MOST, 0, self.get_buffer("none")
        )
        return torch.addcmul(bias, product, rows).view(*x.shape[:-1], -1).to(x.dtype)


def _packed(whole: Tensor) -> Tensor:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            packed: Tensor = torch.fbgemm_pack_quantized_matrix(whole)
    except (AttributeError, RuntimeError) as error:
        raise InvalidConfigError(
            f"torch {torch.__version__} on this processor",
            "one with FBGEMM's eight-bit products (x86 with AVX2)",
            "Stay with fp32.",
        ) from error
    return packed


def int8(value: T, *, least: int = 4096) -> T:
    """Return a copy whose linear layers compute in eight bits, ready to infer on a processor.

    Args:
        value: A network, or a tuple or dataclass with networks inside, such as a denoiser.
        least: Weights of the smallest layer that is worth it; smaller ones stay as they are.

    Raises:
        InvalidConfigError: This build of torch has no eight-bit products for this processor.
    """
    if isinstance(value, nn.Linear):
        return Int8Linear(value) if value.weight.numel() >= least else deepcopy(value)  # type: ignore[return-value]
    copied = deepcopy(value)
    for network in networks(copied):
        for module in list(network.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, nn.Linear) and child.weight.numel() >= least:
                    setattr(module, name, Int8Linear(child))
        network.eval()
    return copied
