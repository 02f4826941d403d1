"""Fixtures: a small valid set, as tables and as a directory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from espnet_kd.data.audio import write_samples
from espnet_kd.data.kaldi_dir import Tables, write_set


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Return the tables of two SIMU utterances of F01 and one of M02, with references."""
    made: Tables = {name: {} for name in ("wav.scp", "spk1.scp", "text", "utt2spk", "utt2category")}
    made["utt2num_samples"] = {}
    rng = np.random.default_rng(0)
    for utterance, length in (("F01_a_SIMU", 1600), ("F01_b_SIMU", 3200), ("M02_c_SIMU", 2000)):
        for name, folder in (("wav.scp", "noisy"), ("spk1.scp", "clean")):
            path = tmp_path / folder / f"{utterance}.wav"
            write_samples(path, rng.integers(-900, 900, length))
            made[name][utterance] = str(path)
        made["text"][utterance] = f"WORD {utterance[4].upper()}"
        made["utt2spk"][utterance] = utterance[:3]
        made["utt2category"][utterance] = "SIMU"
        made["utt2num_samples"][utterance] = str(length)
    return made


@pytest.fixture
def set_dir(tmp_path: Path, tables: Tables) -> Path:
    """Write the set, and return its directory."""
    write_set(tmp_path / "set", tables)
    return tmp_path / "set"
