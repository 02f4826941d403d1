"""The noise of a simulated mixture, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_kd.corpora.references.noise_estimate import AHEAD, BLOCK, TAPS, WINDOW, estimate_noise
from espnet_kd.data.audio import num_samples, read_samples
from espnet_kd.errors import UserError


@dataclass(frozen=True)
class NoiseSegment:
    """A span of a noise recording, with or without a talker.

    Attributes:
        recordings: one path per channel.
        start, stop: annotated first sample and end.
        close: the close-talk channel (CH0), whose image is subtracted; None for a background.
    """

    recordings: tuple[Path, ...]
    start: int
    stop: int
    close: Path | None = None

    @property
    def method(self) -> str:
        return "background" if self.close is None else "estimate"

    def sources(self) -> tuple[Path, ...]:
        """Return all files that the noise is made from."""
        return self.recordings if self.close is None else (*self.recordings, self.close)

    def settings(self) -> str:
        """Return everything that determines the samples, except the contents of the recordings."""
        text = f"{self.method} {self.recordings[0].name.partition('.')[0]} {self.start} {self.stop}"
        return text if self.close is None else f"{text} {WINDOW} {TAPS} {AHEAD} {BLOCK}"

    def read(self, length: int, offset: int = 0) -> np.ndarray:
        """Return the noise, (channels, length), in 16-bit units; zeros beyond the recording's ends.

        Args:
            length: number of samples.
            offset: samples by which the span starts later than annotated.

        Raises:
            UserError: the audio is bad, or the annotated span is outside the recording.
        """
        tablet = np.stack([self._cut(path, length, offset) for path in self.recordings])
        if self.close is None:
            return tablet
        return estimate_noise(tablet, self._cut(self.close, length, offset))

    def _cut(self, path: Path, length: int, offset: int) -> np.ndarray:
        total = num_samples(path)
        if self.start < 0 or self.start + length > total + 1:
            raise UserError(
                path,
                f"ends at {total}, but {self.start} to {self.start + length} are annotated",
                "restore the audio or its annotation",
            )
        first = self.start + offset
        last = first + length
        inside = read_samples(path, max(first, 0), min(last, total)).astype(np.int32)
        return np.pad(inside, (max(-first, 0), max(last - total, 0)))
