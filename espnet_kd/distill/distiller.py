"""Named and weighted KD losses, computed from one run each of student and teacher."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.taps import Tap, capture

Run = Callable[[], torch.Tensor]


@dataclass(frozen=True)
class Term:
    """A loss, its weight, and the batches that it is computed on.

    Attributes:
        loss: the loss.
        weight: weight of the loss in the sum.
        categories: categories of these batches; empty means all.
        calibrate: whether the part of its gradient against the other losses is removed.
    """

    loss: DistillLoss
    weight: float
    categories: frozenset[str] = frozenset()
    calibrate: bool = False

    def applies(self, category: str | None, has_reference: bool, paired: bool) -> bool:
        """Return whether the loss is computed on such batches."""
        chosen = not self.categories or category in self.categories
        return chosen and self.loss.applies_to(has_reference, paired)

    def looks_at_teacher(self, category: str | None, has_reference: bool, paired: bool) -> bool:
        """Return whether the loss needs the teacher's observation of such batches."""
        needs = self.loss.needs_teacher_beside_reference or not has_reference
        return self.loss.needs_teacher and needs and self.applies(category, has_reference, paired)


class Distiller(nn.Module):
    """KD losses of a student, in addition to the supervised loss.

    Args:
        terms: losses by name.
    """

    def __init__(self, terms: Mapping[str, Term]):
        super().__init__()
        self.terms = dict(terms)
        self.losses = nn.ModuleDict({name: term.loss for name, term in terms.items()})

    @property
    def needs_teacher(self) -> bool:
        """Whether any loss uses a teacher."""
        return any(term.loss.needs_teacher for term in self.terms.values())

    def looks_at_teacher(self, category: str | None, has_reference: bool, paired: bool) -> bool:
        """Return whether any loss needs the teacher's observation of such batches."""
        terms = self.terms.values()
        return any(term.looks_at_teacher(category, has_reference, paired) for term in terms)

    def prepare(self, student: nn.Module, run: Run, teacher: nn.Module | None, teach: Run) -> None:
        """Create the losses' own weights from a probe of both models; see DistillLoss.prepare."""
        with torch.no_grad():
            observed = self.observe_student(student, run)
            taught = self.observe_teacher(teacher, teach) if teacher is not None else None
        for name, loss in self.losses.items():
            try:
                loss.prepare(observed, taught)
            except ValueError as error:
                raise ValueError(f"'{name}': {error}") from None
        self._inline()  # raises if two modules share a tap

    def begin_epoch(self, epoch: int, student: nn.Module) -> None:
        """Do what is due before an epoch of training; see DistillLoss.begin_epoch."""
        for loss in self.losses.values():
            loss.begin_epoch(epoch, student)

    def observe_student(self, student: nn.Module, run: Run) -> Observation:
        """Run the student with its inline modules and capture its features."""
        taps = {pair.student for term in self.terms.values() for pair in term.loss.pairs}
        return observe(student, run, taps, self._inline(), "student")

    def observe_teacher(self, teacher: nn.Module, run: Run) -> Observation:
        """Run the teacher without gradients and capture its features."""
        taps = {pair.teacher for term in self.terms.values() for pair in term.loss.pairs}
        with torch.no_grad():
            return observe(teacher, run, taps, {}, "teacher")

    def forward(
        self,
        student: Observation,
        teacher: Observation | None,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
        category: str | None,
        paired: bool = False,
    ) -> dict[str, torch.Tensor]:
        """Compute the losses that apply.

        Args:
            student: observation of the batch.
            teacher: observation of the batch, or None.
            reference: (B, L), or None if the batch has no references.
            lengths: (B,) valid samples.
            category: category of the batch; None if unknown.
            paired: whether the second half of the batch repeats the first with another noise.

        Returns:
            name -> (B,), unweighted; losses that do not apply are absent.
        """
        return {
            name: term.loss(student, teacher, reference, lengths)
            for name, term in self.terms.items()
            if term.applies(category, reference is not None, paired)
        }

    def _inline(self) -> dict[Tap, nn.Module]:
        modules: dict[Tap, nn.Module] = {}
        for name, loss in self.losses.items():
            for tap, module in loss.inline().items():
                if tap in modules:
                    raise ValueError(
                        f"'{name}': another loss already has a module at '{tap}'; tap another layer"
                    )
                modules[tap] = module
        return modules


def observe(
    model: nn.Module,
    run: Run,
    taps: Collection[Tap],
    inline: Mapping[Tap, Callable[[torch.Tensor], torch.Tensor]],
    whose: str,
    given: Mapping[Tap, torch.Tensor] | None = None,
) -> Observation:
    """Run a model once and capture its features.

    Args:
        model: model whose layers are tapped.
        run: run the model on the batch and return the signal (B, L).
        taps: taps whose features are captured.
        inline: functions that are applied at taps.
        whose: "student" or "teacher", for error messages.
        given: features that replace those of the layers at some taps; later layers see them.
    """
    given = given or {}
    features: dict[Tap, torch.Tensor] = {}

    def changed(tap: Tap) -> Callable[[torch.Tensor], torch.Tensor]:
        behind = inline.get(tap, lambda feature: feature)
        return lambda feature: behind(given.get(tap, feature))

    def rerun(instead: Mapping[Tap, torch.Tensor]) -> Observation:
        return observe(model, run, taps, inline, whose, {**given, **instead})

    with capture(model, taps, features, {tap: changed(tap) for tap in {**inline, **given}}, whose):
        signal = run()
    return Observation(signal, features, rerun, model)
