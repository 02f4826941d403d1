"""What a training went through: steps and validation by epoch, dropped steps, convergence."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from espnet_kd.checkpoint import CHECKPOINT, read_config, read_training_state
from espnet_kd.errors import UserError

# A training has converged if its last fifth improved the best validation value by less than this
# share of it; for an SI-SNR of 12 dB, that is 0.06 dB.
LAST_SHARE = 0.2
SMALL_GAIN = 0.005
DROPPED = "dropped_steps"  # statistic of a training epoch; see tasks/trainer.py
# A few steps are dropped by design: mixed precision searches its scale with them.
MANY_DROPPED = 0.01


@dataclass(frozen=True)
class Epoch:
    """One epoch of a training.

    Attributes:
        steps: batches, of which `accum_grad` make an update of the weights.
        value: the validation measure that chooses the best epoch.
        dropped: batches that did not change the weights, because a gradient was not finite.
    """

    steps: int
    value: float
    dropped: int = 0


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
    def dropped(self) -> int:
        """Number of batches in all epochs that did not change the weights."""
        return sum(epoch.dropped for epoch in self.epochs)

    @property
    def many_dropped(self) -> bool:
        """Whether more batches were dropped than is normal."""
        return self.dropped > MANY_DROPPED * self.steps

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
        train = stats[number]["train"]
        total, dropped = train["total_count"], round(float(train.get(DROPPED, 0)))
        epochs.append(Epoch(total - before, float(stats[number][part][measure]), dropped))
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


def print_end(directory: str | os.PathLike) -> None:
    """Print how a training ended: whether it converged, and how many steps it dropped if many."""
    history = read_history(directory)
    print(f"convergence: {directory}: {convergence(history)}", flush=True)
    if history.many_dropped:
        print(
            f"warning: {directory}: {history.dropped} of {history.steps} steps were dropped (more "
            f"than {MANY_DROPPED:.0%}), because gradients were not finite; look for unusual "
            "utterances, or lower the learning rate",
            flush=True,
        )


def _read_stats(checkpoint: Path) -> dict[int, dict[str, dict[str, Any]]]:
    stats = read_training_state(checkpoint)["reporter"].get("stats")
    if not stats:
        raise UserError(checkpoint, "holds no finished epoch", "finish the training first")
    return stats
