"""A named, weighted sum of KD losses, computed from one run of student and teacher."""

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
    """A loss with its place in the sum.

    Attributes:
        loss: the loss.
        weight: its weight.
        categories: batches that it is computed on; empty: all.
    """

    loss: DistillLoss
    weight: float
    categories: frozenset[str] = frozenset()

    def applies(self, category: str | None, has_reference: bool, paired: bool) -> bool:
        """Whether it is computed on batches of a category."""
        chosen = not self.categories or category in self.categories
        return chosen and self.loss.applies_to(has_reference, paired)

    def looks_at_teacher(self, category: str | None, has_reference: bool, paired: bool) -> bool:
        """Whether it needs the teacher's observation of such batches."""
        needs = self.loss.needs_teacher_beside_reference or not has_reference
        return self.loss.needs_teacher and needs and self.applies(category, has_reference, paired)


class Distiller(nn.Module):
    """Losses of a student beside the supervised one.

    Args:
        terms: by name.
    """

    def __init__(self, terms: Mapping[str, Term]):
        super().__init__()
        self.terms = dict(terms)
        self.losses = nn.ModuleDict({name: term.loss for name, term in terms.items()})

    @property
    def needs_teacher(self) -> bool:
        """Whether any loss looks at a teacher."""
        return any(term.loss.needs_teacher for term in self.terms.values())

    def looks_at_teacher(self, category: str | None, has_reference: bool, paired: bool) -> bool:
        """Whether any loss needs the teacher's observation of such batches."""
        terms = self.terms.values()
        return any(term.looks_at_teacher(category, has_reference, paired) for term in terms)

    def prepare(self, student: nn.Module, run: Run, teacher: nn.Module | None, teach: Run) -> None:
        """Make the losses' own weights from a probe of both models; see DistillLoss.prepare."""
        with torch.no_grad():
            observed = self.observe_student(student, run)
            taught = self.observe_teacher(teacher, teach) if teacher is not None else None
        for name, loss in self.losses.items():
            try:
                loss.prepare(observed, taught)
            except ValueError as error:
                raise ValueError(f"'{name}': {error}") from None
        self._inline()  # refuses two modules at one tap

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
            student: of the batch.
            teacher: of the batch, or None.
            reference: (B, L), or None where the batch has none.
            lengths: (B,) valid samples.
            category: of the batch; None if unknown.
            paired: the second half of the batch is the first with another noise.

        Returns:
            name -> (B,), unweighted; what does not apply is absent.
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
                        f"'{name}': another loss stands at '{tap}', too; tap another layer"
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
    """Run a model once.

    Args:
        model: whose layers are tapped.
        run: runs it on the batch and gives the signal (B, L).
        taps: what to capture.
        inline: functions that stand at taps.
        whose: "student" or "teacher", for errors.
        given: features that layers give instead of their own; what stands behind sees them.
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
