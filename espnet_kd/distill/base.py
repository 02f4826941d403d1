"""The contract of a KD loss: what every method receives and what it returns."""

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
    """The result of running a model on a batch.

    Attributes:
        signal: (B, L) enhanced waveforms.
        features: captured features by tap, (B, C, F, T); F is 1 where a layer has no frequency
            axis.
        rerun: run the model again on the same batch, with other features at some taps, and return
            the new observation. Inline modules at such a tap and all later layers see the given
            feature, but `features` of the new observation still holds what the tapped layer
            itself returned.
        model: the model that was run; None in tests of losses that do not use it.
    """

    signal: torch.Tensor
    features: dict[Tap, torch.Tensor]
    rerun: Callable[[Mapping[Tap, torch.Tensor]], Observation]
    model: nn.Module | None = None


class DistillLoss(nn.Module, ABC):
    """A term in the training loss of a student.

    A subclass overrides `forward`, and also `prepare` if the sizes of its weights depend on the
    models.

    Attributes:
        needs_reference: the loss cannot be computed without a clean reference; it is skipped on
            REAL batches without one.
        needs_teacher: the loss uses a teacher.
        needs_teacher_beside_reference: the loss uses the teacher even where there is a reference.
        needs_taps: the loss compares features, so its settings must name taps.
        needs_pairs: the loss needs batches whose second half repeats the first with another noise.
        least_utterances: a batch should have at least so many utterances, because the loss compares
            them with each other.
        resources: names of constructor arguments that come from the command line rather than
            from YAML: `recognizer`, `centroids`.
        pairs: layers of student and teacher whose features are compared.
    """

    needs_reference: ClassVar[bool] = False
    needs_teacher: ClassVar[bool] = True
    needs_teacher_beside_reference: ClassVar[bool] = True
    needs_taps: ClassVar[bool] = False
    needs_pairs: ClassVar[bool] = False
    least_utterances: ClassVar[int] = 1
    resources: ClassVar[tuple[str, ...]] = ()
    pairs: Sequence[TapPair] = ()

    def __init__(self) -> None:  # nn.Module.__init__ takes anything, so `conf` would go unchecked
        super().__init__()

    @classmethod
    def applies_to(cls, has_reference: bool, paired: bool) -> bool:
        """Return whether the loss can be computed on a batch.

        Args:
            has_reference: whether the utterances of the batch have references.
            paired: whether the second half of the batch repeats the first with another noise.
        """
        return (has_reference or not cls.needs_reference) and (paired or not cls.needs_pairs)

    @classmethod
    def needed_utterances(cls, **_conf: object) -> int:
        """Return `least_utterances`, which may depend on the arguments that the loss is built with.

        Args:
            _conf: these arguments.
        """
        return cls.least_utterances

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Create whatever depends on the sizes of the models; called once, before training.

        Args:
            student: observation of a short probe, B = 1.
            teacher: the same for the teacher; None if there is no teacher.

        Raises:
            ValueError: the features cannot be aligned; the message says which and why.
        """

    def begin_epoch(self, epoch: int, student: nn.Module) -> None:
        """Do what is due before an epoch of training; called in every process.

        Args:
            epoch: its number, from 1.
            student: the model that is trained.
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
            student: observation with gradients.
            teacher: observation without gradients; None if no loss needs it.
            reference: (B, L); None on batches without references.
            lengths: (B,) valid samples.

        Returns:
            (B,), lower is better.
        """

    def inline(self) -> dict[Tap, nn.Module]:
        """Return modules that are inserted at taps of the student during training.

        Each module maps the feature at its tap (B, C, F, T) to one of the same shape. The tap
        captures the feature before the module. A tap can hold one module, from one loss. `merge`
        folds the modules into the student.
        """
        return {}

    def merge(self, state: dict[str, torch.Tensor], own: dict[str, torch.Tensor]) -> None:
        """Fold the modules of `inline` into the student's weights.

        Args:
            state: the student's state dict; tensors are replaced, keys stay the same.
            own: the state dict of this loss. It and `pairs` are all that `merge` may rely on,
                because `prepare` is not called when a student is published.
        """


class FeatureLoss(DistillLoss):
    """A loss that compares features pair by pair and averages over the pairs."""

    needs_taps = True

    def forward(self, student, teacher, reference, lengths):
        """Return the mean of `compare` over `pairs`; see DistillLoss.forward."""
        return self.values(student, teacher, lengths).mean(dim=0)

    def values(
        self, student: Observation, teacher: Observation, lengths: torch.Tensor
    ) -> torch.Tensor:
        """Return `compare` of each of P pairs, (P, B); the arguments are those of `forward`."""
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
        return torch.stack(losses)

    @abstractmethod
    def compare(
        self,
        index: int,
        student: torch.Tensor,
        teacher: torch.Tensor,
        valid: torch.Tensor,
    ) -> torch.Tensor:
        """Compute the loss of one pair.

        Args:
            index: number of the pair in `pairs`.
            student: (B, C_S, F_S, T_S).
            teacher: (B, C_T, F_T, T_T).
            valid: (B,) fraction of the time axis that is not padding, 0 to 1.

        Returns:
            (B,).
        """
