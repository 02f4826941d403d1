from __future__ import annotations

import pytest

from espnet_kd.errors import UserError
from espnet_kd.report.method_scores import load_method_scores, missing_scores

from ..se_files import DT_REAL, ET_SIMU
from .method_root import REAL, SIMU, write_se, write_system, write_wer

METHODS = ["none", "cosine"]


def load(root, methods=METHODS, unseeded=("noisy",)):
    return load_method_scores(root, methods, unseeded, SIMU, REAL)


def missing(scores):
    return missing_scores(scores, METHODS, SIMU, REAL)


def test_rows_columns_and_seeds(tmp_path):
    for system in ("noisy", "none-seed1", "none-seed10", "cosine-seed1", "cosine-seed10", "old"):
        write_system(tmp_path, system, 5.0, 0.3, truth=system != "noisy")
    scores = load(tmp_path)
    assert scores.seeds == [1, 10]
    assert scores.members == {
        "noisy": ["noisy"],
        "none": ["none-seed1", "none-seed10"],
        "cosine": ["cosine-seed1", "cosine-seed10"],
    }
    measures = ["SI-SNR [dB]", "SDR [dB]", "PESQ", "STOI [%]"]
    simu = [(c.set_name, c.measure) for c in scores.simu]
    assert simu == [(name, measure) for name in SIMU for measure in measures]
    real = [(c.set_name, c.measure) for c in scores.real]
    assert real == [(name, measure) for measure in ("WER [%]", "SI-SNR [dB]") for name in REAL]
    assert all("old" not in column.parts for column in scores.columns)
    assert missing(scores) == []


def test_missing_scores_are_listed(tmp_path):
    write_system(tmp_path, "none-seed0", 5.0, 0.3)
    write_wer(tmp_path, "cosine-seed0", DT_REAL, [0] * 24, [1] * 24)
    (tmp_path / "none/seed1").mkdir(parents=True)
    with pytest.raises(UserError, match="different utterances or texts"):
        load(tmp_path)
    write_system(tmp_path, "cosine-seed0", 5.0, 0.3)
    for name in SIMU:
        (tmp_path / "scores/se/cosine-seed0" / name / "scores.tsv").unlink()
    (tmp_path / "scores/wer/cosine-seed0" / REAL[1] / "wer/counts.tsv").unlink()
    scores = load(tmp_path)
    # A seed that was started for one method counts as missing for every method.
    assert missing(scores) == [
        "- no KD, seed 1: everything",
        "- cosine KD, seed 0: SI-SNR, SDR, PESQ, STOI on dt05 simu, et05 simu and WER on et05 real",
        "- cosine KD, seed 1: everything",
    ]


def test_a_set_without_any_score_is_listed(tmp_path):
    write_se(tmp_path, "none-seed0", ET_SIMU, [1.0, 2.0])
    write_se(tmp_path, "cosine-seed0", ET_SIMU, [1.0, 2.0])
    assert missing(load(tmp_path)) == [
        "- dt05 simu: scored for no system",
        "- dt05 real: recognized for no system",
        "- et05 real: recognized for no system",
    ]


def test_nothing_scored(tmp_path):
    write_system(tmp_path, "other", 5.0, 0.3)
    with pytest.raises(UserError, match="scores: holds no scores of noisy, none, cosine; score"):
        load(tmp_path)
