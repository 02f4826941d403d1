"""Find the time of each token of a transcript by forced alignment with a CTC model.

The token centers guide the attention of a text-informed enhancer. torchaudio finds the best path
through the CTC lattice (Graves et al., ICML 2006).
"""

from __future__ import annotations

import os
import warnings
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torchaudio.functional as F

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.enh.ctc_words import BLANK
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.inference.batches import equal_length_batches
from espnet_kd.inference.ctc import CTCModel
from espnet_kd.inference.fork import fork_map
from espnet_kd.inference.utterances import Utterance


class Aligner:
    """Forced alignment with a stock ESPnet recognizer that has a CTC output of char or bpe tokens.

    Args:
        model: an `ESPnetASRModel`; it is put into evaluation mode.
        args: training arguments of the model.
        device: device to compute on.

    Raises:
        UserError: the model has no CTC output, another token type, or a front-end without a hop
            length.
    """

    def __init__(self, model: torch.nn.Module, args: Namespace, device: str = "cpu"):
        self.ctc = CTCModel(model, args, device)
        if not hasattr(model.frontend, "hop_length"):
            raise UserError(
                "frontend", f"'{args.frontend}' has no hop length", "use frontend: default"
            )
        self.hop = model.frontend.hop_length

    def __call__(self, batch: Sequence[Utterance]) -> list[tuple[str, list[int], bool]]:
        """Align utterances of equal length.

        Args:
            batch: B utterances with `text`.

        Returns:
            For each utterance, its id, the center of each token in milliseconds, and whether the
            text could be aligned; if not (the audio is too short for the text or the recognizer),
            the tokens are spread evenly.
        """
        results = []
        for utt, frames in zip(batch, self.ctc.log_posteriors(batch), strict=True):
            tokens = self.ctc.token_ids(utt.text)
            centers = ctc_centers(frames, tokens)
            aligned = centers is not None
            if aligned:
                samples = frame_samples(centers, len(frames), utt.num_samples, self.hop)
            else:
                samples = even_samples(len(tokens), utt.num_samples)
            milliseconds = np.rint(1000 * samples / SAMPLE_RATE).astype(int)
            results.append((utt.name, milliseconds.tolist(), aligned))
        return results


def align_set(
    utterances: Sequence[Utterance], aligner: Aligner, nj: int, title: str
) -> dict[str, tuple[list[int], bool]]:
    """Align a set.

    Args:
        utterances: utterances with `text`.
        aligner: aligner to use.
        nj: number of processes; ignored on a GPU.
        title: name of the work for the progress display.

    Returns:
        For each id, the token centers in milliseconds and whether the text could be aligned.
    """
    batches = [batch.utterances for batch in equal_length_batches(utterances)]
    results = fork_map(aligner, batches, nj if aligner.ctc.device == "cpu" else 1, title)
    return {name: (milliseconds, fits) for batch in results for name, milliseconds, fits in batch}


def ctc_centers(log_probs: torch.Tensor, tokens: Sequence[int]) -> np.ndarray | None:
    """Return the center frame of each token on the best CTC path.

    Args:
        log_probs: log posteriors (T, V); the blank has index 0.
        tokens: U token ids.

    Returns:
        Mean frame of each token's span (U,), or None if T frames are too few for U tokens and the
        blanks between repeated tokens.
    """
    repeats = sum(a == b for a, b in zip(tokens, tokens[1:], strict=False))
    if len(log_probs) < max(1, len(tokens) + repeats):
        return None
    targets = torch.tensor([tokens], dtype=torch.int32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchaudio prints a deprecation warning at each call
        path, scores = F.forced_align(log_probs[None], targets, blank=BLANK)
    spans = F.merge_tokens(path[0], scores[0], blank=BLANK)
    return np.array([(span.start + span.end - 1) / 2 for span in spans])


def frame_samples(frames: np.ndarray, num_frames: int, num_samples: int, hop: int) -> np.ndarray:
    """Convert positions in encoder frames to samples.

    ESPnet's STFT is centered: feature frame j lies at j * hop. The subsampling convolutions are not
    padded and lose about the same number of feature frames at both ends, so the encoder frames are
    placed symmetrically in between (our interpretation, exact within one feature frame).

    Args:
        frames: positions in encoder frames.
        num_frames: number of encoder frames of the utterance.
        num_samples: length of the utterance in samples.
        hop: number of samples between feature frames.
    """
    features = 1 + num_samples // hop
    factor = max(1, round(features / num_frames))
    margin = (features - 1 - factor * (num_frames - 1)) / 2
    return np.clip((margin + factor * frames) * hop, 0, num_samples)


def even_samples(count: int, num_samples: int) -> np.ndarray:
    """Return the centers, in samples, of `count` tokens spread evenly over an utterance."""
    return (np.arange(count) + 0.5) * num_samples / max(1, count)


def scale_alignment(
    base: Mapping[str, str], speeds: Mapping[str, str], base_path: str | os.PathLike
) -> dict[str, str]:
    """Derive the alignment of a speed-perturbed set from that of the original set.

    Args:
        base: alignment of the original set: `c_1 ... c_U` in milliseconds, by utterance id.
        speeds: `utt2speed` of the perturbed set; ids are `sp<factor>-<original>`.
        base_path: file of `base`, to name in errors.

    Returns:
        Alignment of the perturbed set, with times divided by the factor.

    Raises:
        UserError: an utterance has no alignment in the original set.
    """
    scaled = {}
    for name, factor in speeds.items():
        original = name.removeprefix(f"sp{factor}-")
        if original not in base:
            raise UserError(base_path, f"has no line for '{original}'", "align the original set")
        times = np.array(base[original].split(), dtype=float) / float(factor)
        scaled[name] = " ".join(map(str, np.rint(times).astype(int)))
    return scaled


def read_speeds(set_dir: str | os.PathLike) -> dict[str, str]:
    """Read `utt2speed` of a speed-perturbed set.

    Raises:
        UserError: a speed is not a number above 0.
    """
    path = Path(set_dir) / "utt2speed"
    speeds = read_columns(path)
    for name, factor in speeds.items():
        try:
            valid = float(factor) > 0
        except ValueError:
            valid = False
        if not valid:
            raise UserError(path, f"'{name}' has speed '{factor}'", "write a number above 0")
    return speeds
