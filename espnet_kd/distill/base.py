"""What a KD loss is given and what it gives back: the contract that every method keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from espnet_kd.distill.taps import Tap, TapPair


@dataclass
class Observation:
    """What a model made of a batch.

    Attributes:
        signal: (B, L) enhanced waveforms.
        features: what was captured, by tap, as (B, C, F, T); F is 1 where a layer has no
            frequency axis.
        rerun: run the model on the same batch with other features at some taps; gives the
            observation of that run. Everything behind such a tap sees the given features, inline
            modules too; its `features` are still what the layers gave.
        model: that was run; None in tests of losses that do not look at it.
    """

    signal: torch.Tensor
    features: dict[Tap, torch.Tensor]
    rerun: Callable[[Mapping[Tap, torch.Tensor]], Observation]
    model: nn.Module | None = None


class DistillLoss(nn.Module, ABC):
    """A term of the loss of a student.

    A subclass overrides `forward`, and `prepare` if the models decide the sizes of its weights.

    Attributes:
        needs_reference: cannot be computed without a clean reference; skipped on REAL batches
            that have none.
        needs_teacher: looks at a teacher.
        needs_teacher_beside_reference: looks at it also where there is a reference.
        needs_pairs: needs batches whose second half is the first with another noise.
        resources: names of the constructor's arguments that come from the command line rather
            than from YAML: `recognizer`, `centroids`.
        pairs: layers whose features are compared.
    """

    needs_reference: ClassVar[bool] = False
    needs_teacher: ClassVar[bool] = True
    needs_teacher_beside_reference: ClassVar[bool] = True
    needs_taps: ClassVar[bool] = False
    needs_pairs: ClassVar[bool] = False
    resources: ClassVar[tuple[str, ...]] = ()
    pairs: Sequence[TapPair] = ()

    def __init__(self) -> None:  # nn.Module's takes anything, so conf could not be checked by it
        super().__init__()

    @classmethod
    def applies_to(cls, has_reference: bool, paired: bool) -> bool:
        """Whether the loss can be computed on a batch.

        Args:
            has_reference: its utterances have references.
            paired: its second half is the first with another noise.
        """
        return (has_reference or not cls.needs_reference) and (paired or not cls.needs_pairs)

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Make what depends on the models' sizes, once, before training.

        Args:
            student: of a short probe, B = 1.
            teacher: likewise.

        Raises:
            ValueError: features that cannot be aligned; the message says which and why.
        """

    @abstractmethod
    def forward(
        self,
        student: Observation,
        teacher: Observation | None,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """Compute the loss; padding never counts.

        Args:
            student: with gradients.
            teacher: without; None if no loss needs one.
            reference: (B, L), or None on batches that have none.
            lengths: (B,) valid samples.

        Returns:
            (B,), lower is better.
        """

    def inline(self) -> dict[Tap, nn.Module]:
        """Modules that stand at taps of the student while it is trained.

        They map what passes the tap (B, C, F, T) to its like; the tap captures what comes before
        them. One module a tap, of one loss. `merge` takes them out.
        """
        return {}

    def merge(self, state: dict[str, torch.Tensor], own: dict[str, torch.Tensor]) -> None:
        """Fold `inline` modules into the student's weights.

        Args:
            state: the student's state dict; its tensors are replaced, its keys stay.
            own: the state dict of this loss, all that is needed beside `pairs`: `prepare` has not
                been called where a student is published.
        """


class FeatureLoss(DistillLoss):
    """A loss that compares features pair by pair and takes the mean over the pairs."""

    needs_taps = True

    def forward(self, student, teacher, reference, lengths):
        """Mean over `pairs` of `compare`; see DistillLoss.forward."""
        num_samples = student.signal.size(1)
        losses = [
            self.compare(
                index,
                student.features[pair.student],
                teacher.features[pair.teacher],
                lengths / num_samples,
            )
            for index, pair in enumerate(self.pairs)
        ]
        return torch.stack(losses).mean(dim=0)

    @abstractmethod
    def compare(
        self,
        index: int,
        student: torch.Tensor,
        teacher: torch.Tensor,
        valid: torch.Tensor,
    ) -> torch.Tensor:
        """Loss of one pair.

        Args:
            index: of the pair.
            student: (B, C_S, F_S, T_S).
            teacher: (B, C_T, F_T, T_T).
            valid: (B,) part of the time axis that is no padding, 0 to 1.

        Returns:
            (B,).
        """
