"""Acoustic-token KD: the student's signal should have the tokens of the clean speech."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch.nn import functional

from espnet_kd.distill.base import DistillLoss, Observation
from espnet_kd.distill.centroids import read_centroids
from espnet_kd.distill.frames import frame_mask, masked_mean
from espnet_kd.distill.frozen import Frozen
from espnet_kd.distill.gain import match_gain


class AcousticTokenLoss(DistillLoss):
    """Cross entropy with the tokens of clean speech, through a frozen recognizer's encoder.

    -mean_t log p(c_t | t), p(k | t) = softmax_k(-||h_t - mu_k||^2 / (temperature * s)):
    h (B, T', D) are the latents of the student's signal, mu (K, D) the k-means centroids of
    latents of clean speech, and c_t the centroid nearest to the latent of the clean reference, or
    of the teacher's signal where there is no reference. The scale s = mean_k ||mu_k - mean mu||^2
    makes the loss independent of the size of the latents. Only the student is trained.

    The method is that of "Knowledge distillation-based training of speech enhancement for
    noise-robust automatic speech recognition" (IEEE Access 2024): first the recognizer, then
    k-means of its encoder's latents, then the student. Its formula is not public; the cross
    entropy, distances as logits, their scale and the temperature are our interpretation. So is
    the level: one least-squares gain per utterance brings the student's signal to the level of
    the target.

    Even for clean speech the loss is not 0, because latents do not lie on centroids.

    Args:
        recognizer: `espnet_kd.enh.recognizer.Recognizer`, or an object with its `encode` and
            `checksum`; it is frozen.
        centroids: file written by `bin/acoustic_tokens.py`.
        temperature: lower values make the distribution over tokens sharper.

    Raises:
        ValueError: the temperature is not above 0, or the centroids belong to another recognizer.
        UserError: `centroids` does not exist or is not a file of acoustic tokens.
    """

    needs_teacher_beside_reference = False
    resources = ("recognizer", "centroids")

    def __init__(self, recognizer: Any, centroids: str | os.PathLike, temperature: float = 0.1):
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature}, give a number above 0")
        tokens = read_centroids(centroids)
        if recognizer.checksum not in (None, tokens.checksum):
            raise ValueError(f"{os.fspath(centroids)} was made with another recognizer")
        vectors = torch.from_numpy(tokens.vectors)
        self.recognizer = Frozen(recognizer)
        self.layer = tokens.layer
        self.temperature = temperature
        # Centered for numerical precision; the distances stay the same.
        self.register_buffer("center", vectors.mean(dim=0), persistent=False)
        self.register_buffer("centroids", vectors - self.center, persistent=False)
        self.scale = self.centroids.square().sum(dim=1).mean().item()

    def prepare(self, student: Observation, teacher: Observation | None) -> None:
        """Reject centroids that do not have the width of the latents; see DistillLoss.prepare."""
        signal = student.signal
        lengths = torch.full((1,), signal.size(1), device=signal.device)
        latents, _ = self.recognizer.module.encode(signal, lengths, self.layer)
        width = self.centroids.size(1)
        if latents.size(2) != width:
            raise ValueError(
                f"the centroids have {width} values, but the recognizer's latents have"
                f" {latents.size(2)}"
            )

    def forward(
        self,
        student: Observation,
        teacher: Observation | None,
        reference: torch.Tensor | None,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        """See DistillLoss.forward; (B,) in nats, above 0."""
        target = teacher.signal if reference is None else reference
        with torch.no_grad():
            logits, _ = self._logits(target, lengths)
            tokens = logits.argmax(dim=2)  # (B, T')
        logits, frames = self._logits(match_gain(student.signal, target, lengths), lengths)
        per_frame = functional.cross_entropy(logits.transpose(1, 2), tokens, reduction="none")
        num_frames = per_frame.size(1)
        return masked_mean(per_frame, frame_mask(frames / num_frames, num_frames))

    def _logits(
        self, signal: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits (B, T', K), up to a term that all tokens share, and frame counts (B,)."""
        latents, frames = self.recognizer.module.encode(signal, lengths, self.layer)
        products = (latents - self.center) @ self.centroids.t()
        distances = self.centroids.square().sum(dim=1) - 2 * products
        return -distances / (self.temperature * self.scale), frames
