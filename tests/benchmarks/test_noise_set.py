"""Set directories of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.noise_set import LEVEL, write_noise_set
from espnet_kd.data.audio import read_samples
from espnet_kd.data.kaldi_dir import read_set


def test_utterances_link_to_the_files_in_turn(tmp_path):
    tables = read_set(write_noise_set(tmp_path / "set", 5, [4000, 5000]))
    assert list(tables["utt2num_samples"].values()) == ["4000", "5000", "4000", "5000", "4000"]
    mixtures, references = tables["wav.scp"], tables["spk1.scp"]
    names = list(mixtures)
    assert Path(mixtures[names[0]]).samefile(mixtures[names[2]])
    assert not Path(mixtures[names[0]]).samefile(references[names[0]])
    mixture, reference = (read_samples(table[names[1]]) for table in (mixtures, references))
    assert len(mixture) == len(reference) == 5000
    noise = mixture.astype(float) - reference
    np.testing.assert_allclose([reference.std(), noise.std()], LEVEL, rtol=0.05)
    assert abs(np.corrcoef(reference, noise)[0, 1]) < 0.1
