from __future__ import annotations

import numpy as np
import pytest
import soundfile

from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import track_set
from espnet_kd.corpora.references.isolated_ext import compare, reference_paths, verify
from espnet_kd.errors import UserError


@pytest.fixture
def utterances(chime4):
    return list(track_set(Chime4Tree(chime4.root), "dt05", "simu"))


def clean_path(chime4):
    return chime4.isolated_ext / "dt05_caf_simu/F01_050C0101_CAF.CH5.Clean.wav"


def test_references_come_from_the_channel_of_the_track_list(chime4, utterances):
    paths = list(reference_paths(chime4.isolated_ext, "dt05", utterances))
    assert paths[1] == (utterances[1], clean_path(chime4))
    assert verify(paths, nj=1) == 4


def test_without_noise_there_is_nothing_to_verify(chime4, utterances):
    paths = list(reference_paths(chime4.isolated_ext, "dt05", utterances))
    for path in chime4.isolated_ext.rglob("*.Noise.wav"):
        path.unlink()
    assert verify(paths, nj=1) == 0


@pytest.mark.parametrize(("error", "raises"), [(2, False), (3, True)])
def test_a_reference_may_differ_only_by_rounding(chime4, utterances, error, raises):
    samples, _ = soundfile.read(clean_path(chime4), dtype="int16")
    samples[123] += error
    chime4.write(clean_path(chime4), samples)
    paths = list(reference_paths(chime4.isolated_ext, "dt05", utterances))
    if not raises:
        assert verify(paths, nj=1) == 4
        return
    with pytest.raises(UserError, match=f"^{clean_path(chime4)}: differs by up to 3 LSB"):
        verify(paths, nj=1)


def test_clipped_samples_need_not_match(chime4, utterances):
    samples, _ = soundfile.read(utterances[1].wav, dtype="int16")
    samples[[5, 6, 7]] = 32767, -32768, 32766
    chime4.write(utterances[1].wav, samples)
    paths = list(reference_paths(chime4.isolated_ext, "dt05", utterances))
    with pytest.raises(UserError, match=f"^{clean_path(chime4)}: differs by up to 3[0-9]{{4}} LSB"):
        verify(paths, nj=1)
    samples[7] = 32767
    chime4.write(utterances[1].wav, samples)
    assert verify(paths, nj=1) == 4


def test_a_reference_of_different_length(chime4, utterances):
    chime4.write(clean_path(chime4), np.ones(7999, dtype=np.int16))
    paths = list(reference_paths(chime4.isolated_ext, "dt05", utterances))
    with pytest.raises(
        UserError, match=r"Clean.wav: has 7999 samples, its noise has 8000, the mixture"
    ):
        verify(paths, nj=1)


def test_an_unknown_channel_names_the_missing_list(chime4):
    (chime4.data / "annotations/dt05_simu_1ch_track.list").unlink()
    utterances = list(track_set(Chime4Tree(chime4.root), "dt05", "simu"))
    with pytest.raises(UserError, match="^dt05_simu_1ch_track.list: is missing"):
        list(reference_paths(chime4.isolated_ext, "dt05", utterances))


def test_the_comparison_ignores_scale(chime4):
    rng = np.random.default_rng(0)
    speech, error = rng.normal(size=(2, 16000))
    error -= error @ speech / (speech @ speech) * speech
    error *= 0.1 * np.linalg.norm(speech) / np.linalg.norm(error)
    theirs = chime4.write(chime4.root / "theirs.wav", np.rint(3000 * speech).astype(np.int16))
    ours = chime4.write(chime4.root / "o.wav", np.rint(900 * (speech + error)).astype(np.int16))
    absent = chime4.root / "absent.wav"
    triples = [("a", theirs, ours), ("b", absent, ours), ("c", theirs, absent)]
    assert list(compare(triples, 1, "")) == [("a", pytest.approx(20.0, abs=0.05))]


def test_references_of_different_lengths_are_not_compared(chime4):
    long = chime4.write(chime4.root / "long.wav", np.ones(9, dtype=np.int16))
    short = chime4.write(chime4.root / "short.wav", np.ones(8, dtype=np.int16))
    with pytest.raises(UserError, match=f"^{long}: has 9 samples, but the mixture has 8"):
        list(compare([("a", long, short)], 1, ""))
