"""The trainer of enhancement models: KD losses see epochs begin, silence is counted.

An undefined validation loss ends the training.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
from espnet2.train.reporter import SubReporter

from espnet_kd.enh.kd_model import ESPnetKDModel
from espnet_kd.errors import UserError
from espnet_kd.tasks.trainer import CountingTrainer

LOGGER = logging.getLogger(__name__)


class KDTrainer(CountingTrainer):
    """Train an ESPnetKDModel; tell its KD losses about epochs, say how much silence there was."""

    @classmethod
    def train_one_epoch(cls, model: torch.nn.Module, reporter: SubReporter, **options: Any) -> bool:
        """Train for an epoch; the arguments are ESPnet's."""
        student = _model(model)
        if student.distiller is not None:
            student.distiller.begin_epoch(reporter.get_epoch(), student)
        silence = student.silence
        silence.reset()
        invalid = super().train_one_epoch(model=model, reporter=reporter, **options)
        if silence.left_out:
            LOGGER.warning("%depoch: training %s", reporter.get_epoch(), silence)
        return invalid

    @classmethod
    def validate_one_epoch(
        cls, model: torch.nn.Module, reporter: SubReporter, **options: Any
    ) -> None:
        """Validate an epoch; the arguments are ESPnet's.

        Raises:
            UserError: the loss of an utterance is not finite, or all utterances are silent.
        """
        silence = _model(model).silence
        silence.reset()
        hook = model.register_forward_hook(require_finite_loss, with_kwargs=True)
        try:
            super().validate_one_epoch(model=model, reporter=reporter, **options)
        finally:
            hook.remove()
        if silence.left_out:
            LOGGER.warning("%depoch: validation %s", reporter.get_epoch(), silence)
        if 0 < silence.seen == silence.left_out:
            raise UserError(
                "the validation set",
                "mixture or reference of every utterance is silent",
                "use a set with signals",
            )


def require_finite_loss(
    model: torch.nn.Module, _inputs: tuple, batch: dict[str, Any], outputs: tuple
) -> None:
    """Reject a batch of validation without a finite loss, which would make epochs incomparable.

    Raises:
        UserError: names the utterances.
    """
    if _finite(outputs):
        return
    names = batch["utt_id"]
    singles = [
        {key: value[place : place + 1] for key, value in batch.items()}
        for place in range(len(names))
    ]
    found = [
        name
        for name, one in zip(names, singles, strict=True)
        if not _finite(_model(model).forward(**one))
    ]
    raise UserError(
        " ".join(dict.fromkeys(found or names)),
        f"its validation loss is {outputs[0].item()}",
        "remove the utterance; if the losses of training are not finite either, lower the "
        "learning rate",
    )


def _finite(outputs: tuple) -> bool:
    loss, _, size = outputs
    return bool(size.sum() == 0 or loss.isfinite().all())


def _model(model: torch.nn.Module) -> ESPnetKDModel:
    """Return the model itself, which DistributedDataParallel wraps."""
    return getattr(model, "module", model)
