"""Capture and replace features inside a model, by module path.

Hooks are set for one run and then removed; the model itself is not changed.
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
LAYOUTS = {3: "bct", 4: "bcft"}  # default layout by number of axes
SIDES = ("output", "input")
HALF = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Tap:
    """A place in a model.

    Attributes:
        path: module path, as in `named_modules`, e.g. "separator.tcn.network.1".
        side: "output" or "input" (the first argument) of the module.
        layout: order of the axes there: b(atch), c(hannels), f(requency), t(ime); "" means "bct"
            for three axes and "bcft" for four.
        skip_frames: number of frames at the start that the model itself discards; the feature
            lacks them. ESPnet's DCCRN discards the first frame of each layer of its decoder.

    Raises:
        ValueError: an invalid path, side, layout or number of frames.
    """

    path: str
    side: str = "output"
    layout: str = ""
    skip_frames: int = 0

    def __post_init__(self) -> None:
        if not (isinstance(self.path, str) and self.path):
            raise ValueError(f"path is {self.path!r}; name a module")
        if self.side not in SIDES:
            raise ValueError(f"side is {self.side!r}; use {' or '.join(SIDES)}")
        axes = list(self.layout) if isinstance(self.layout, str) else []
        once = len(set(axes)) == len(axes) and {"b", "t"} <= set(axes) <= set(CANONICAL)
        if self.layout != "" and not once:
            raise ValueError(
                f"layout is {self.layout!r}; name each axis once: b, t, and c and f if present"
            )
        if type(self.skip_frames) is not int or self.skip_frames < 0:
            raise ValueError(f"skip_frames is {self.skip_frames!r}; give a number of at least 0")

    def __str__(self) -> str:
        return self.path if self.side == "output" else f"{self.path} ({self.side})"


@dataclass(frozen=True)
class TapPair:
    """Corresponding places in student and teacher."""

    student: Tap
    teacher: Tap


def find_module(model: nn.Module, tap: Tap, whose: str) -> nn.Module:
    """Return the module of a tap.

    Args:
        model: student or teacher.
        tap: the tap.
        whose: "student" or "teacher", for the error message.

    Raises:
        UserError: there is no such module; the message lists the nearest names.
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
    """While active, store the features at the taps and change them where `replace` says so.

    Use it around one run of the model, in which each tapped module runs exactly once.

    Args:
        model: student or teacher.
        taps: taps whose features are captured.
        features: filled with tap -> (B, C, F, T), as the layer returns it before any replacement.
            Half precision (autocast) becomes single precision, since losses sum many squares.
        replace: tap -> function that maps the feature (B, C, F, T) to one of the same shape.
        whose: "student" or "teacher", for error messages.

    Raises:
        UserError: a module does not exist, does not run exactly once, or does not return a real
            tensor that fits the layout.
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
    """Permute a layer's tensor to (B, C, F, T); axes it does not have get size 1."""
    layout = _layout(value, tap)
    missing = [axis for axis in CANONICAL if axis not in layout]
    value = value[(..., *[None] * len(missing))]
    order = layout + "".join(missing)
    return value.permute(*(order.index(axis) for axis in CANONICAL))


def from_canonical(value: torch.Tensor, tap: Tap, like: torch.Tensor) -> torch.Tensor:
    """Undo `to_canonical`; `like` is the tensor that was permuted."""
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
            "name each axis: b, c, f, t",
        )
    return layout


def _hook(tap: Tap, seen: dict[Tap, torch.Tensor], change: Callable | None):
    def hook(_module: nn.Module, _inputs: object, value: object) -> object:
        if not isinstance(value, torch.Tensor) or value.is_complex():
            tensor = isinstance(value, torch.Tensor)
            kind = "complex" if tensor else f"of type {type(value).__name__}"
            raise UserError(f"tap '{tap}'", f"is {kind}", "tap a layer that returns a real tensor")
        if tap in seen:
            parent = tap.path.rpartition(".")[0]
            hint = f", e.g. '{parent}'" if parent else ""
            raise UserError(
                f"tap '{tap}'", "runs more than once", f"tap a module that runs once{hint}"
            )
        feature = to_canonical(value.float() if value.dtype in HALF else value, tap)
        if feature.size(-1) <= tap.skip_frames:
            problem = f"has {feature.size(-1)} frames, but skip_frames is {tap.skip_frames}"
            raise UserError(f"tap '{tap}'", problem, "skip fewer")
        seen[tap] = feature[..., tap.skip_frames :]
        if change is None:
            return None
        changed = change(seen[tap])
        if tap.skip_frames:
            changed = torch.cat([feature[..., : tap.skip_frames], changed], dim=-1)
        return from_canonical(changed, tap, value).to(value.dtype)

    return hook


def _on_first_argument(hook: Callable):
    def pre_hook(module: nn.Module, inputs: tuple) -> tuple | None:
        changed = hook(module, (), inputs[0] if inputs else None)
        return None if changed is None else (changed, *inputs[1:])

    return pre_hook
