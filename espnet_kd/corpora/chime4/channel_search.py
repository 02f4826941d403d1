"""Find the microphone of a 1-channel-track recording that no track list names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from espnet_kd.corpora.chime4.utterances import CHANNELS, Utterance
from espnet_kd.data.audio import read_samples
from espnet_kd.data.parallel import parallel_map


def with_channels(
    utterances: Sequence[Utterance], folders: Sequence[Path], nj: int, title: str
) -> list[Utterance]:
    """Return the utterances with their unknown channels filled in.

    An unknown channel (None) is the one whose recording in `isolated` has the same samples.

    Args:
        utterances: from the 1-channel track.
        folders: for each utterance, the folder in `isolated` with its six channels.
        nj: number of processes.
        title: title of the progress line.

    Returns:
        The utterances in the same order. A channel stays None if no recording is the same.

    Raises:
        UserError: audio cannot be read.
    """
    if all(utterance.channel is not None for utterance in utterances):
        return list(utterances)
    pairs = list(zip(utterances, folders, strict=True))
    channels = parallel_map(_channel, pairs, nj, title, chunk=16)
    return [replace(u, channel=c) for u, c in zip(utterances, channels, strict=True)]


def _channel(pair: tuple[Utterance, Path]) -> int | None:
    utterance, folder = pair
    if utterance.channel is not None:
        return utterance.channel
    samples = read_samples(utterance.wav)
    for channel in map(int, CHANNELS.split()):
        path = folder / f"{utterance.name}.CH{channel}.wav"
        if path.exists() and np.array_equal(read_samples(path), samples):
            return channel
    return None
