from __future__ import annotations

import numpy as np
import soundfile

from espnet_kd.corpora.chime4.failing import failing_microphones
from espnet_kd.corpora.chime4.tree import Chime4Tree

BUS, STR = "F02_022C0204_BUS", "F02_022C0204_STR"


def failing(chime4, tmp_path):
    return failing_microphones(Chime4Tree(chime4.root), tmp_path / "levels", nj=1)


def scale(chime4, name, channel, gain):
    path = chime4.isolated(f"tr05_{name[-3:].lower()}_real", f"{name}.CH{channel}")
    samples, _ = soundfile.read(path, dtype="float64")
    chime4.write(path, np.rint(32768 * gain * samples).astype(np.int16))


def test_mic_error_takes_precedence(chime4, tmp_path):
    scale(chime4, STR, 4, 0.01)
    assert failing(chime4, tmp_path) == {(BUS, 2): "0.1 in mic_error.csv"}
    assert not (tmp_path / "levels").exists(), "no recording needs to be read"


def test_utterances_missing_from_mic_error_are_judged_by_level(chime4, tmp_path):
    (chime4.data / "annotations/mic_error.csv").write_text(f"header\n{BUS},1,.1,1,1,1,1\n")
    scale(chime4, STR, 4, 0.05)
    found = failing(chime4, tmp_path)
    assert set(found) == {(BUS, 2), (STR, 4)}
    assert found[STR, 4].endswith(" dB below the loudest channel")
    assert 25 < float(found[STR, 4].split()[0]) < 27  # 20 lg 0.05 = -26 dB


def test_without_mic_error_all_are_judged_by_level(chime4, tmp_path):
    (chime4.data / "annotations/mic_error.csv").unlink()
    scale(chime4, BUS, 6, 0.0)
    scale(chime4, STR, 1, 0.11)  # -19.2 dB
    chime4.isolated("tr05_str_real", f"{STR}.CH5").unlink()
    assert failing(chime4, tmp_path) == {(BUS, 6): "inf dB below the loudest channel"}
    assert len((tmp_path / "levels").read_text().splitlines()) == 11, "CH0 is not measured"
