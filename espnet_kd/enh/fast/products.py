"""Products of a weight matrix with features (C, B, T): one product, however large the batch.

Those without a gradient are operators of PyTorch, which torch.compile takes as they are. A gradient
of a gradient (a gradient penalty, say) is refused: neither products nor compiled blocks have one.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import torch
from torch.autograd.function import FunctionCtx, once_differentiable

# What torch.compile calls for a linear layer. MKL, which torch.mm calls in single precision, had
# half of its speed on an AMD processor.
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
    """Give x in the precision of products: under autocast its own."""
    device = x.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return x.to(torch.get_autocast_dtype(device))
    return x


def folded(x: torch.Tensor) -> torch.Tensor:
    """Lay out (C, B, T) so that (C, B * T) is a view of it; a copy only where it is not."""
    return x.flatten(1).unflatten(1, x.shape[1:])


class Product(torch.autograd.Function):
    """`product` of tensors that have one precision."""

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
    """Make a function of tensors an operator, which torch.compile calls and does not enter.

    `torch.library.custom_op` would do the same, at 0.3 ms a call.
    """
    name = function.__name__
    arguments = ", ".join(
        f"Tensor {argument}" for argument in inspect.signature(function).parameters
    )
    schema = f"{name}({arguments}) -> Tensor"
    # Or an argument of two operators would be written twice.
    _LIBRARY.define(schema, tags=(torch.Tag.flexible_layout,))
    _LIBRARY.impl(name, function, "CompositeExplicitAutograd")
    operator = getattr(torch.ops.espnet_kd, name).default
    return functools.wraps(function)(lambda *tensors: operator(*tensors))


@_operator
def plain_product(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Multiply (D, C) by (C, B, T), of one precision, without a gradient."""
    return _times_transposed(weight, x.flatten(1).T).view(-1, *x.shape[1:])


@torch.library.register_fake("espnet_kd::plain_product")
def _(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return x.new_empty(len(weight), *x.shape[1:])


@_operator
def sum_with_product(x: torch.Tensor, weight: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Add the product of (D, C) and (C, B, T) to (D, B, T), of one precision; no gradient."""
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
    """Sum products of (D, B, T) and (C, B, T) over batch and time: (D, C), without a gradient."""
    return _times_transposed(one.flatten(1), other.flatten(1))


@torch.library.register_fake("espnet_kd::correlation")
def _(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return one.new_empty(len(one), len(other))


@_operator
def correlations(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Sum products of (D, B, T) and (C, B, T) over time: (B, D, C), without a gradient."""
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


# Operations of each by the shapes of its arguments, for torch's FlopCounterMode, which cannot see
# into an operator.
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
    """Give a matrix without gaps between its rows or columns: oneDNN is a thousand times slower."""
    return x if x.is_contiguous() or x.T.is_contiguous() else x.contiguous()


def _with_onednn(x: torch.Tensor) -> bool:
    return (
        ONEDNN is not None
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
    )
