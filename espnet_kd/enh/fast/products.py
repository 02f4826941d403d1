"""Products of a weight matrix with features (C, B, T): one product, however large the batch.

Results must equal `torch.einsum` and its gradients. The plain block (residual_block.py), the 1x1
convolutions around the blocks and the compiled stages use them, on CPU and GPU; on the CPU in
float32, oneDNN computes them. tests/enh/fast/test_products.py checks them with and without oneDNN.

The functions without a gradient are PyTorch operators, which torch.compile calls as they are.
Gradients of gradients (for a gradient penalty, say) raise an error: neither the products nor the
compiled blocks implement them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import torch
from torch.autograd.function import FunctionCtx, once_differentiable

# torch.compile calls this operator for a linear layer. On an AMD processor it was twice as fast as
# MKL, which torch.mm calls in single precision.
ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
_LIBRARY = torch.library.Library("espnet_kd", "DEF")


def product(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Multiply each frame by a matrix.

    Args:
        weight: (D, C).
        x: (C, B, T).

    Returns:
        (D, B, T), in half precision under autocast.
    """
    return Product.apply(in_low_precision(weight), in_low_precision(x))


def in_low_precision(x: torch.Tensor) -> torch.Tensor:
    """Return x in the precision of products: under autocast, the autocast precision."""
    device = x.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return x.to(torch.get_autocast_dtype(device))
    return x


def folded(x: torch.Tensor) -> torch.Tensor:
    """Return (C, B, T) such that (C, B * T) is a view of it; copy only if it is not."""
    return x.flatten(1).unflatten(1, x.shape[1:])


class Product(torch.autograd.Function):
    """Compute `product` of tensors of the same precision."""

    @staticmethod
    def forward(ctx: FunctionCtx, weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(weight, x)
        return plain_product(weight, x)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        weight, x = ctx.saved_tensors
        return correlation(gradient, x), plain_product(weight.T, gradient)


def _operator(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Make a function of tensors an operator, which torch.compile calls without tracing into it.

    `torch.library.custom_op` would do the same but takes 0.3 ms per call.
    """
    name = function.__name__
    arguments = ", ".join(
        f"Tensor {argument}" for argument in inspect.signature(function).parameters
    )
    schema = f"{name}({arguments}) -> Tensor"
    # Without this tag, an argument of two operators would be written twice.
    _LIBRARY.define(schema, tags=(torch.Tag.flexible_layout,))
    _LIBRARY.impl(name, function, "CompositeExplicitAutograd")
    operator = getattr(torch.ops.espnet_kd, name).default
    return functools.wraps(function)(lambda *tensors: operator(*tensors))


@_operator
def plain_product(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Multiply (D, C) by (C, B, T) of the same precision, without a gradient."""
    return _times_transposed(weight, x.flatten(1).T).view(-1, *x.shape[1:])


@torch.library.register_fake("espnet_kd::plain_product")
def _(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return x.new_empty(len(weight), *x.shape[1:])


@_operator
def sum_with_product(x: torch.Tensor, weight: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Add the product of (D, C) and (C, B, T) to (D, B, T), all of one precision, no gradient."""
    if _with_onednn(y):
        result = ONEDNN.binary(
            _dense(weight), _dense(x.flatten(1)), _dense(y.flatten(1)).T, None, "add"
        )
    else:
        result = torch.addmm(x.flatten(1), weight, y.flatten(1))
    return result.view(x.shape)


@torch.library.register_fake("espnet_kd::sum_with_product")
def _(x: torch.Tensor, weight: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(x)


@_operator
def correlation(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Sum products of (D, B, T) and (C, B, T) over batch and time to (D, C), without a gradient."""
    return _times_transposed(one.flatten(1), other.flatten(1))


@torch.library.register_fake("espnet_kd::correlation")
def _(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return one.new_empty(len(one), len(other))


@_operator
def correlations(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Sum products of (D, B, T) and (C, B, T) over time to (B, D, C), without a gradient."""
    if one.is_cuda:
        return torch.bmm(one.transpose(0, 1), other.permute(1, 2, 0))
    return torch.stack(
        [_times_transposed(*pair) for pair in zip(one.unbind(1), other.unbind(1), strict=True)]
    )


@torch.library.register_fake("espnet_kd::correlations")
def _(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return one.new_empty(one.size(1), len(one), len(other))


def _of_product(weight: torch.Size, x: torch.Size, **_: object) -> int:
    return 2 * weight[0] * x.numel()


def _of_sum(_x: torch.Size, weight: torch.Size, y: torch.Size, **_: object) -> int:
    return _of_product(weight, y)


# Number of operations of each operator, from the shapes of its arguments, for torch's
# FlopCounterMode, which cannot see into an operator.
OPERATIONS = {
    torch.ops.espnet_kd.plain_product: _of_product,
    torch.ops.espnet_kd.sum_with_product: _of_sum,
    torch.ops.espnet_kd.correlation: _of_product,
    torch.ops.espnet_kd.correlations: _of_product,
}


def _times_transposed(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Multiply (D, K) by the transpose of (C, K)."""
    if _with_onednn(one):
        return ONEDNN(_dense(one), _dense(other), None, "none", [], "")
    return torch.mm(one, other.T)


def _dense(x: torch.Tensor) -> torch.Tensor:
    """Return a matrix without gaps, copied if needed: oneDNN is 1000 times slower with gaps."""
    return x if x.is_contiguous() or x.T.is_contiguous() else x.contiguous()


def _with_onednn(x: torch.Tensor) -> bool:
    return (
        ONEDNN is not None
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
    )
