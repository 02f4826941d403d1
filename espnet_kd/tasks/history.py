"""What a training went through: steps and validation by epoch, and whether it had converged."""

from __future__ import annotations

import datetime
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from espnet_kd.checkpoint import read_config
from espnet_kd.errors import UserError

CHECKPOINT = "checkpoint.pth"  # ESPnet writes it after each epoch, to resume from
# A training has converged if its last fifth improved the best validation value by less than this
# share of it; for an SI-SNR of 12 dB, that is 0.06 dB.
LAST_SHARE = 0.2
SMALL_GAIN = 0.005


@dataclass(frozen=True)
class Epoch:
    """One epoch of a training.

    Attributes:
        steps: batches, of which `accum_grad` make an update of the weights.
        value: the validation measure that chooses the best epoch.
    """

    steps: int
    value: float


@dataclass(frozen=True)
class History:
    """All epochs of a training.

    Attributes:
        measure: name of the validation measure that chooses the best epoch, e.g. `si_snr_loss`.
        higher_is_better: whether higher values of it are better.
        epochs: in order.
    """

    measure: str
    higher_is_better: bool
    epochs: tuple[Epoch, ...]

    @property
    def steps(self) -> int:
        """Number of batches in all epochs."""
        return sum(epoch.steps for epoch in self.epochs)

    @property
    def best(self) -> float:
        """Best value of the measure."""
        return self._best(self.epochs)

    @property
    def last(self) -> int:
        """Number of epochs in the last part of the training, whose gain `last_gain` is."""
        return max(1, round(LAST_SHARE * len(self.epochs)))

    @property
    def last_gain(self) -> float:
        """How much the last part of the training improved the best value before it; at least 0."""
        before = self.epochs[: -self.last]
        return abs(self.best - self._best(before)) if before else abs(self.best)

    @property
    def converged(self) -> bool:
        """Whether the last part of the training gained little."""
        return self.last_gain <= SMALL_GAIN * abs(self.best)

    def _best(self, epochs: tuple[Epoch, ...]) -> float:
        values = [epoch.value for epoch in epochs]
        return float(np.nanmax(values) if self.higher_is_better else np.nanmin(values))


def read_history(directory: str | os.PathLike) -> History:
    """Read the history of a training.

    Args:
        directory: `--output_dir` of the training.

    Raises:
        UserError: there is no training, or it has not finished an epoch.
    """
    directory = Path(directory)
    config = read_config(directory / "config.yaml", "best_model_criterion")
    part, measure, mode = config["best_model_criterion"][0]
    stats = _read_stats(directory / CHECKPOINT)
    epochs, before = [], 0
    for number in sorted(stats):
        total = stats[number]["train"]["total_count"]
        epochs.append(Epoch(total - before, float(stats[number][part][measure])))
        before = total
    return History(measure, mode == "max", tuple(epochs))


def convergence(history: History) -> str:
    """Say in words how a training ended."""
    number, steps, last = len(history.epochs), history.steps, history.last
    end = "converged" if history.converged else "stopped while still improving"
    return (
        f"{number} epochs, {steps} steps, {end}: the last {last} improved "
        f"{history.measure} by {history.last_gain:.3g} to {history.best:.4g}"
    )


def print_convergence(directory: str | os.PathLike) -> None:
    """Print one line about the end of a training, for its log."""
    print(f"convergence: {directory}: {convergence(read_history(directory))}", flush=True)


def _read_stats(checkpoint: Path) -> dict[int, dict[str, dict[str, Any]]]:
    import torch

    # Types of ESPnet's statistics in addition to plain numbers.
    types = [
        datetime.timedelta,
        np.dtype,
        np.dtypes.Float32DType,
        np.dtypes.Float64DType,
        np.float64(0).__reduce__()[0],  # builds NumPy scalars
    ]
    try:
        with torch.serialization.safe_globals(types):
            state = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
        stats = state["reporter"]["stats"]
    except FileNotFoundError:
        raise UserError(checkpoint, "does not exist", "train the model first") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError):
        raise UserError(
            checkpoint, "is not a checkpoint of a training", "remove its directory and train again"
        ) from None
    if not stats:
        raise UserError(checkpoint, "holds no finished epoch", "finish the training first")
    return stats
