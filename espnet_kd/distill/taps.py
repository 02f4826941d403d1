"""Capture and replace what flows through the layers of a model, by module path.

Hooks are set for one run and removed again; no model is edited.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from espnet_kd.errors import UserError

CANONICAL = "bcft"
LAYOUTS = {3: "bct", 4: "bcft"}  # by default
SIDES = ("output", "input")
HALF = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Tap:
    """A place in a model.

    Attributes:
        path: of the module, as in `named_modules`: "separator.tcn.network.1".
        side: "output" or "input" (the first argument) of the module.
        layout: order of the axes there: b(atch), c(hannels), f(requency), t(ime); "" means "bct"
            with three axes and "bcft" with four.

    Raises:
        ValueError: values that no place can have.
    """

    path: str
    side: str = "output"
    layout: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.path, str) and self.path):
            raise ValueError(f"path is {self.path!r}; name a module")
        if self.side not in SIDES:
            raise ValueError(f"side is {self.side!r}; use {' or '.join(SIDES)}")
        axes = list(self.layout) if isinstance(self.layout, str) else []
        once = len(set(axes)) == len(axes) and {"b", "t"} <= set(axes) <= set(CANONICAL)
        if self.layout != "" and not once:
            raise ValueError(
                f"layout is {self.layout!r}; name each axis once: b and t, c and f if there"
            )

    def __str__(self) -> str:
        return self.path if self.side == "output" else f"{self.path} ({self.side})"


@dataclass(frozen=True)
class TapPair:
    """Corresponding places in student and teacher."""

    student: Tap
    teacher: Tap


def find_module(model: nn.Module, tap: Tap, whose: str) -> nn.Module:
    """Get the module of a tap.

    Args:
        model: student or teacher.
        tap: the place.
        whose: "student" or "teacher", for the error.

    Raises:
        UserError: there is no such module; lists the nearest names.
    """
    modules = dict(model.named_modules())
    if tap.path in modules:
        return modules[tap.path]
    near = difflib.get_close_matches(tap.path, [name for name in modules if name], n=3, cutoff=0.0)
    raise UserError(
        f"tap '{tap.path}'", f"the {whose} has no such module", f"nearest: {', '.join(near)}"
    )


@contextlib.contextmanager
def capture(
    model: nn.Module,
    taps: Collection[Tap],
    features: dict[Tap, torch.Tensor],
    replace: Mapping[Tap, Callable[[torch.Tensor], torch.Tensor]] | None = None,
    whose: str = "student",
) -> Iterator[None]:
    """While active, store what passes the taps, and change it where `replace` says so.

    Use it around one run of the model, in which each tapped module runs once.

    Args:
        model: student or teacher.
        taps: places to capture.
        features: filled with tap -> (B, C, F, T), as the layer gives it, before a replacement, but
            half precision (autocast) as single precision, since losses sum many squares.
        replace: tap -> function of the feature (B, C, F, T) that gives its like.
        whose: for errors.

    Raises:
        UserError: there is no such module, it runs never or more than once, or gives no tensor
            that the layout fits.
    """
    replace = replace or {}
    handles = []
    seen: dict[Tap, torch.Tensor] = {}
    try:
        for tap in [*(tap for tap in taps if tap not in replace), *replace]:
            module = find_module(model, tap, whose)
            hook = _hook(tap, seen, replace.get(tap))
            if tap.side == "output":
                handles.append(module.register_forward_hook(hook))
            else:
                handles.append(module.register_forward_pre_hook(_on_first_argument(hook)))
        yield
        for tap in [*taps, *replace]:
            if tap not in seen:
                raise UserError(
                    f"tap '{tap}'", f"the {whose} never runs this module", "tap a part of it"
                )
        features.update((tap, seen[tap]) for tap in taps)
    finally:
        for handle in handles:
            handle.remove()


def to_canonical(value: torch.Tensor, tap: Tap) -> torch.Tensor:
    """Bring a layer's tensor to (B, C, F, T)."""
    layout = _layout(value, tap)
    missing = [axis for axis in CANONICAL if axis not in layout]
    value = value[(..., *[None] * len(missing))]
    order = layout + "".join(missing)
    return value.permute(*(order.index(axis) for axis in CANONICAL))


def from_canonical(value: torch.Tensor, tap: Tap, like: torch.Tensor) -> torch.Tensor:
    """Undo `to_canonical`; `like` is the tensor it was made from."""
    layout = _layout(like, tap)
    missing = [axis for axis in CANONICAL if axis not in layout]
    order = layout + "".join(missing)
    value = value.permute(*(CANONICAL.index(axis) for axis in order))
    return value.reshape(value.shape[: len(layout)])


def _layout(value: torch.Tensor, tap: Tap) -> str:
    layout = tap.layout or LAYOUTS.get(value.dim(), "")
    if len(layout) != value.dim():
        raise UserError(
            f"tap '{tap}'",
            f"layout '{layout}' does not fit its {value.dim()} axes {tuple(value.shape)}",
            "name each of them: b, c, f, t",
        )
    return layout


def _hook(tap: Tap, seen: dict[Tap, torch.Tensor], change: Callable | None):
    def hook(_module: nn.Module, _inputs: object, value: object) -> object:
        if not isinstance(value, torch.Tensor) or value.is_complex():
            kind = "complex numbers" if isinstance(value, torch.Tensor) else type(value).__name__
            raise UserError(f"tap '{tap}'", f"is {kind}", "tap a layer that gives a real tensor")
        if tap in seen:
            raise UserError(f"tap '{tap}'", "runs more than once", "tap a module that runs once")
        feature = value.float() if value.dtype in HALF else value
        seen[tap] = to_canonical(feature, tap)
        if change is None:
            return None
        return from_canonical(change(seen[tap]), tap, value).to(value.dtype)

    return hook


def _on_first_argument(hook: Callable):
    def pre_hook(module: nn.Module, inputs: tuple) -> tuple | None:
        changed = hook(module, (), inputs[0] if inputs else None)
        return None if changed is None else (changed, *inputs[1:])

    return pre_hook
