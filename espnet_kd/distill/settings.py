"""Check the `kd_losses` and `kd_stages` of a YAML before anything is built.

```yaml
kd_losses:
  latent:                        # any name; the training log uses it
    type: at_kl                  # a name in LOSSES, or "my_package.my_file:MyLoss"
    weight: 1.0
    categories: [SIMU, REAL]     # all by default
    taps:                        # only for losses that compare features
    - separator.tcn.network.1    # the same layer in both models, or
    - student: separator.tcn.network.1
      teacher: {path: separator.tcn.network.3, side: input, layout: bct}
    conf: {temperature: 2.0}     # arguments of the class
    calibrate: true              # remove what works against the other losses (false by default)
```
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from torch import nn

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.distill.base import DistillLoss
from espnet_kd.distill.taps import Tap, TapPair
from espnet_kd.errors import UserError

# Method -> its class, imported when it is used.
LOSSES = {
    "acoustic_token": "espnet_kd.distill.acoustic_token:AcousticTokenLoss",
    "at_kl": "espnet_kd.distill.at_kl:ATKLLoss",
    "clskd": "espnet_kd.distill.clskd:CLSKDLoss",
    "cosine": "espnet_kd.distill.cosine:CosineLoss",
    "ctc_hypothesis": "espnet_kd.distill.hypothesis:HypothesisLoss",
    "dfkd": "espnet_kd.distill.dfkd:DFKDLoss",
    "dispatch": "espnet_kd.distill.dispatch:DispatchLoss",
    "frame": "espnet_kd.distill.frame:FrameLoss",
    "gram": "espnet_kd.distill.gram:GramLoss",
    "latent_mixup": "espnet_kd.distill.latent_mixup:LatentMixupLoss",
    "output": "espnet_kd.distill.output:OutputLoss",
    "posterior": "espnet_kd.distill.posterior:PosteriorLoss",
    "remixit": "espnet_kd.distill.remixit:RemixITLoss",
}
SUPERVISED = "supervised"  # what `kd_stages` calls the criterions
# The log has its own "loss", and nn.ModuleDict takes no key that is one of its attributes.
RESERVED = (SUPERVISED, "loss", *dir(nn.ModuleDict()))

Value = TypeVar("Value", list, dict)


@dataclass(frozen=True)
class LossSettings:
    """One entry of `kd_losses`."""

    name: str
    type: str
    weight: float = 1.0
    categories: tuple[str, ...] = ()
    taps: tuple[TapPair, ...] = ()
    conf: Mapping[str, Any] = field(default_factory=dict)
    calibrate: bool = False

    @property
    def loss_class(self) -> type[DistillLoss]:
        """The class of the loss."""
        return find_class(self.type)

    def applies(self, category: str | None, has_reference: bool) -> bool:
        """Return whether the loss applies to such utterances, as far as their lists can tell.

        Only simulated speech can have a second noise.
        """
        chosen = not self.categories or category in self.categories
        return chosen and self.loss_class.applies_to(has_reference, paired=category == "SIMU")

    @property
    def needed_utterances(self) -> int:
        """How many utterances the loss compares at least; see DistillLoss.needed_utterances."""
        return self.loss_class.needed_utterances(**self.conf)

    def build(self, resources: Mapping[str, Any]) -> DistillLoss:
        """Build the loss.

        Args:
            resources: values from the command line, by name; see DistillLoss.resources.

        Raises:
            UserError: a resource is missing, or the class rejects its arguments.
        """
        cls = self.loss_class
        for name in cls.resources:
            if resources.get(name) is None:
                option = {"recognizer": "--kd_asr_config and --kd_asr_checkpoint"}.get(
                    name, f"--kd_{name}"
                )
                raise UserError(_where(self.name), f"'{self.type}' has no {name}", f"give {option}")
        given = {name: resources[name] for name in cls.resources}
        try:
            loss = cls(**given, **self.conf)
        except (TypeError, ValueError) as error:
            raise UserError(_where(self.name), str(error), "fix its conf") from None
        loss.pairs = self.taps
        return loss


@dataclass(frozen=True)
class Stage:
    """One entry of `kd_stages`: a training that starts where the previous one ended.

    Attributes:
        name: part of the name of its directory.
        max_epoch: number of epochs.
        losses: weight of each loss in this stage, by its name in `kd_losses`; SUPERVISED means
            the criterions. A loss that is not listed is off.
        options: further training arguments for this stage, e.g. `{optim_conf: {lr: 1e-4}}`.
    """

    name: str
    max_epoch: int
    losses: Mapping[str, float]
    options: Mapping[str, Any] = field(default_factory=dict)


def read_losses(values: Any) -> list[LossSettings]:
    """Check `kd_losses` and return its entries.

    Raises:
        UserError: an unknown key, type, category or argument, a bad name or weight, or taps that
            are missing or not accepted.
    """
    if not isinstance(values, Mapping):
        raise UserError("kd_losses", f"is {values!r}", "give a name and settings for each loss")
    return [_read_loss(str(name), entry) for name, entry in values.items()]


def read_stages(values: Any, losses: Collection[str]) -> list[Stage]:
    """Check `kd_stages` and return its entries.

    Args:
        values: value in the YAML.
        losses: names of the losses that exist, including `supervised`.

    Raises:
        UserError: an unknown key or loss, a bad name, number or weight, or two equal names.
    """
    if not isinstance(values, (list, tuple)):
        raise UserError("kd_stages", f"is {values!r}", "give a list of stages")
    stages = []
    for index, entry in enumerate(values, 1):
        where = f"kd_stages, stage {index}"
        _check_keys(where, entry, Stage, ("name", "max_epoch", "losses"))
        _check_name(where, entry["name"])
        if type(entry["max_epoch"]) is not int or entry["max_epoch"] < 1:
            raise UserError(where, f"max_epoch is {entry['max_epoch']!r}", "give a number above 0")
        if not isinstance(entry["losses"], Mapping) or not entry["losses"]:
            raise UserError(where, f"losses is {entry['losses']!r}", "give name: weight")
        for name, weight in entry["losses"].items():
            if name not in losses:
                raise UserError(where, f"there is no loss '{name}'", _nearest(str(name), losses))
            check_weight(f"{where}, loss '{name}'", weight)
        options = _optional(where, entry, "options", {})
        stages.append(Stage(**{**entry, "options": options}))
    names = [stage.name for stage in stages]
    if len(set(names)) < len(names):
        raise UserError("kd_stages", f"two stages have the same name: {names}", "rename one")
    return stages


def check_weight(where: str, weight: Any) -> None:
    """Reject a weight that is negative or not a finite number, with a UserError."""
    number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not number or not math.isfinite(weight) or weight < 0:
        raise UserError(
            where, f"weight is {weight!r}", "give a number, at least 0 (1.0e-3, not 1e-3)"
        )


def find_class(name: str) -> type[DistillLoss]:
    """Return the class of a loss by its name in LOSSES or by "module:Class".

    Raises:
        UserError: there is no such class.
    """
    if ":" not in name and name not in LOSSES:
        raise UserError("kd_losses", f"there is no type '{name}'", _nearest(name, LOSSES))
    module, _, attribute = LOSSES.get(name, name).partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UserError("kd_losses", f"type '{name}': {error}", 'write "module:Class"') from None
    if not (inspect.isclass(found) and issubclass(found, DistillLoss)):
        raise UserError("kd_losses", f"type '{name}' is not a DistillLoss", "derive it from that")
    return found


def _read_loss(name: str, entry: Any) -> LossSettings:
    where = _where(name)
    _check_name(where, name)
    if name in RESERVED:
        raise UserError(where, "a loss cannot have this name", "choose another")
    _check_keys(where, entry, LossSettings, ("type",))
    check_weight(where, entry.get("weight", 1.0))
    categories = tuple(_optional(where, entry, "categories", []))
    for category in categories:
        if category not in CATEGORIES:
            raise UserError(where, f"unknown category '{category}'", f"use {', '.join(CATEGORIES)}")
    taps = tuple(_read_pair(where, tap) for tap in _optional(where, entry, "taps", []))
    settings = LossSettings(
        name=name,
        type=str(entry["type"]),
        weight=float(entry.get("weight", 1.0)),
        categories=categories,
        taps=taps,
        conf=_optional(where, entry, "conf", {}),
        calibrate=entry.get("calibrate", False),
    )
    if not isinstance(settings.calibrate, bool):
        raise UserError(where, f"calibrate is {settings.calibrate!r}", "give true or false")
    cls = settings.loss_class
    if cls.needs_taps != bool(taps):
        problem = "needs taps" if cls.needs_taps else "takes no taps"
        raise UserError(where, f"'{settings.type}' {problem}", "see docs/add_a_loss.md")
    arguments = [key for key in inspect.signature(cls).parameters if key not in cls.resources]
    for key in settings.conf:
        if key not in arguments:
            raise UserError(
                where, f"'{settings.type}' has no argument '{key}'", _nearest(key, arguments)
            )
    return settings


def _read_pair(where: str, entry: Any) -> TapPair:
    if isinstance(entry, Mapping) and "path" not in entry:
        if set(entry) != {"student", "teacher"}:
            raise UserError(where, f"tap is {dict(entry)}", "give student: and teacher:")
        return TapPair(_read_tap(where, entry["student"]), _read_tap(where, entry["teacher"]))
    tap = _read_tap(where, entry)
    return TapPair(tap, tap)


def _read_tap(where: str, entry: Any) -> Tap:
    if isinstance(entry, str):
        entry = {"path": entry}
    _check_keys(f"{where}, tap", entry, Tap, ("path",))
    try:
        return Tap(**entry)
    except ValueError as error:
        raise UserError(f"{where}, tap", str(error)) from None


def _optional(where: str, entry: Mapping[str, Any], key: str, default: Value) -> Value:
    value = entry.get(key)
    if value is None:  # the YAML has the key but no value
        return default
    if not isinstance(value, type(default)):
        kind = "a list" if isinstance(default, list) else "names and values"
        raise UserError(where, f"{key} is {value!r}", f"give {kind}")
    return value


def _check_name(where: str, name: Any) -> None:
    if not (isinstance(name, str) and name.isidentifier()):
        raise UserError(where, f"the name is {name!r}", "use letters, digits and _")


def _check_keys(where: str, entry: Any, cls: type, required: tuple[str, ...]) -> None:
    if not isinstance(entry, Mapping):
        raise UserError(where, f"is {entry!r}", f"give {', '.join(required)}")
    known = [f.name for f in fields(cls)]
    if cls is LossSettings:
        known.remove("name")
    for key in entry:
        if key not in known:
            raise UserError(where, f"has an unknown key '{key}'", _nearest(str(key), known))
    for key in required:
        if key not in entry:
            raise UserError(where, f"has no '{key}'", f"give {', '.join(required)}")


def _where(name: str) -> str:
    return f"kd_losses, '{name}'"


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    if near:
        return f"nearest: {', '.join(near)}"
    return f"known: {', '.join(sorted(known))}" if known else "leave it out"
