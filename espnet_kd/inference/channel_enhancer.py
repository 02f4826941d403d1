"""Pseudo-references from all microphones of a recording.

A teacher enhances each channel. Its estimates give the spatial covariances of speech and noise,
and an MVDR beamformer with the channel of the mixture as reference gives the target: it has the
time and the level of the speech in that channel, but less of its noise. Masks for beamformers are
usually estimated this way (Heymann et al., "Neural network based spectral mask estimation for
acoustic beamforming", ICASSP 2016); that the result is the target of a one-channel student is our
idea.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from espnet_kd.distill.gain import match_gain
from espnet_kd.inference.beamforming import beamform, check_shift
from espnet_kd.inference.enhancer import Enhancer, Inputs
from espnet_kd.inference.utterances import Utterance


class ChannelEnhancer(Enhancer):
    """Enhances utterances that list their channels; others are enhanced as by `Enhancer`.

    Args:
        enhancer: a model's enhancer.
        again: let the model also enhance the beamformer's output.
    """

    def __init__(self, enhancer: Enhancer, again: bool = False):
        super().__init__(enhancer.model, enhancer.tokenize, enhancer.device)
        self.again = again

    def read(self, batch: Sequence[Utterance], num_samples: int = 0) -> Inputs:
        """Read all channels of the utterances.

        Returns:
            The model's inputs with a row for each channel, and `channels` (B,), their numbers.

        Raises:
            UserError: channels of a recording differ in length or are not synchronous; see also
                `Enhancer.read`.
        """
        rows = [replace(utt, wave=wave) for utt in batch for wave in utt.channels or (utt.wave,)]
        inputs = super().read(rows, num_samples)
        counts = [len(utt.channels) or 1 for utt in batch]
        for utt, waves in zip(batch, inputs["mixture"].split(counts), strict=True):
            if utt.channels:
                check_shift(utt.name, utt.channels, waves)
        return {**inputs, "channels": torch.tensor(counts)}

    def compute(self, inputs: Inputs) -> torch.Tensor:
        """Enhance each channel and combine the channels of each utterance.

        Returns:
            Waveforms (B, L), at the scale of the first channel of each utterance.
        """
        inputs = dict(inputs)
        counts = inputs.pop("channels").tolist()
        estimates = super().compute(inputs)
        mixtures = inputs["mixture"].to(estimates.device)
        lengths = inputs["lengths"].to(estimates.device)
        first = torch.tensor(counts).cumsum(0) - torch.tensor(counts)
        targets = torch.stack(
            [
                beamform(mixture, estimate) if count > 1 else estimate[0]
                for count, mixture, estimate in zip(
                    counts, mixtures.split(counts), estimates.split(counts), strict=True
                )
            ]
        )
        several = torch.tensor(counts) > 1
        if self.again and several.any():
            conditions = {name: value[first] for name, value in inputs.items()}
            enhanced = super().compute({**conditions, "mixture": targets})
            targets = torch.where(several.to(targets.device).unsqueeze(1), enhanced, targets)
        return match_gain(targets, mixtures[first], lengths[first])
