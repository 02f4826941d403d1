"""Fixtures: a small set directory, and models that do not need ESPnet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from espnet_kd.data.audio import write_samples
from espnet_kd.data.kaldi_dir import write_set
from espnet_kd.inference.enhancer import Enhancer

LENGTHS = {"F01_a_REAL": 4000, "F01_b_REAL": 2400, "F01_c_REAL": 4000, "M02_d_REAL": 3001}


class Gain(torch.nn.Module):
    """Multiplies by a gain; a batch of `bad_length` samples is also changed by `spoil`."""

    def __init__(
        self,
        gain: float = 0.5,
        bad_length: int = 0,
        spoil: Callable[[torch.Tensor], torch.Tensor] = lambda wave: wave * float("nan"),
        padding_invariant: bool = False,
    ):
        super().__init__()
        self.padding_invariant = padding_invariant
        self.takes_text = self.takes_alignment = False
        self.encoder = torch.nn.Identity()
        self.gain, self.bad_length, self.spoil = gain, bad_length, spoil
        self.calls: list[tuple[int, ...]] = []  # shapes of batches

    def enhance(self, speech_mix: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, dict]:
        assert self.padding_invariant or (lengths == speech_mix.shape[1]).all()
        self.calls.append(tuple(speech_mix.shape))
        enhanced = self.gain * speech_mix
        if speech_mix.shape[1] == self.bad_length:
            enhanced = self.spoil(enhanced)
        return enhanced, {}


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a set directory of noise and returns its path."""

    def make(name: str = "tr05_real", lengths: dict[str, int] = LENGTHS, **tables: dict) -> Path:
        rng = np.random.default_rng(0)
        waves = {}
        for utt, length in lengths.items():
            path = tmp_path / "audio" / f"{utt}.wav"
            write_samples(path, (3000 * rng.standard_normal(length)).astype(np.int16))
            waves[utt] = str(path)
        directory = tmp_path / name
        write_set(
            directory,
            {
                "wav.scp": waves,
                "text": dict.fromkeys(lengths, "STOCKS ROSE"),
                "utt2spk": {utt: utt[:3] for utt in lengths},
                "utt2category": dict.fromkeys(lengths, "REAL"),
                "utt2num_samples": {utt: str(length) for utt, length in lengths.items()},
                **tables,
            },
        )
        return directory

    return make


@pytest.fixture
def gain() -> Gain:
    """A model that halves its input."""
    return Gain()


@pytest.fixture
def enhancer(gain: Gain) -> Enhancer:
    """An enhancer around `gain`."""
    return Enhancer(gain)
