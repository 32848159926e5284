"""Eight bits: weights that take a quarter of the room, and matrix products that are faster on a processor."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, TypeVar, final

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
    processor; it has no gradients, and its weights can be neither saved nor trained.

    Args:
        linear: The layer to take the weights of.

    Raises:
        InvalidConfigError: This build of torch has no eight-bit products for this processor.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        bias = None if linear.bias is None else linear.bias.detach().float().cpu()
        self._packed = _packed(linear.weight.detach().float().cpu(), bias)
        self._product = (
            torch.ops.quantized.linear_dynamic.default
        )  # looked up once: the search takes a microsecond

    def __deepcopy__(self, memo: dict[int, object]) -> Int8Linear:
        return self  # nothing in it ever changes, and packed weights cannot be copied

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Refuse: a file without these weights could not be told from a whole one.

        Raises:
            InvalidConfigError: Always.
        """
        raise InvalidConfigError(
            f"the weights of {prefix.removesuffix('.') or 'a layer'} in eight bits",
            "a network in fp32 where weights are saved or trained",
            "Keep the network that `int8` was given, save or train that, and call `int8` afterwards.",
        )

    def forward(self, x: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch outputs"]:
        """Return the outputs, in the dtype of the inputs.

        Raises:
            InvalidConfigError: The inputs do not lie on the processor.
        """
        if not x.is_cpu:
            raise InvalidConfigError(
                f"eight-bit products on {x.device}", "the processor", "Use bf16 or fp16 on a GPU."
            )
        if x.dtype is torch.float32:
            return self._product(x, self._packed, False)  # type: ignore[no-any-return]
        return self._product(x.float(), self._packed, False).to(x.dtype)  # type: ignore[no-any-return]


def _tied(embedding: nn.Embedding) -> Int8Linear:
    """Return the layer that scores every token by its embedding; the embeddings themselves stay as they are."""
    linear = nn.Linear(embedding.embedding_dim, 1, bias=False, device="meta")
    linear.weight = embedding.weight
    return Int8Linear(linear)


def _packed(weight: Tensor, bias: Tensor | None) -> Any:
    """Return whole weights, scales and bias in the order in which FBGEMM reads them."""
    rows = weight.abs().amax(dim=1).clamp(min=1e-12) / MOST
    engine = torch.backends.quantized.engine
    try:
        torch.backends.quantized.engine = "fbgemm"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch says that its successor lives in torchao: see decision 25
            whole = torch.quantize_per_channel(
                weight, rows.double(), torch.zeros(len(rows), dtype=torch.int64), 0, torch.qint8
            )
            return torch.ops.quantized.linear_prepack(whole, bias)
    except (AttributeError, RuntimeError) as error:
        raise InvalidConfigError(
            f"torch {torch.__version__} on this processor",
            "one with FBGEMM's eight-bit products (x86 with AVX2)",
            "Stay with fp32.",
        ) from error
    finally:
        torch.backends.quantized.engine = engine


def int8(value: T, *, least: int = 4096) -> T:
    """Return a copy whose linear layers compute in eight bits, ready to infer on a processor.

    GELU is computed by its definition where a network approximates it by tanh: they differ by less than 0.0005, far
    below the rounding of eight bits, and on a processor the definition takes half the time.

    The logits of a network that are products with its embeddings are computed in eight bits too, where it names the
    layer that does so in a table `tied`, such as `BlockTransformer.tied`.

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
                elif isinstance(child, nn.GELU):
                    setattr(module, name, nn.GELU())
            for name, source in getattr(module, "tied", {}).items():
                setattr(module, name, _tied(getattr(module, source)))
        network.eval()
    return copied
