from __future__ import annotations

import ctypes
import math

import numpy as np
import pesq as pesq_package
import pytest

from espnet_kd.bin.score_se import main
from espnet_kd.data.audio import write_samples
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns
from espnet_kd.scoring.se_metrics import METRICS, SILENT_SCORES
from espnet_kd.scoring.se_scores import read_scores, write_scores

SHAPED = [f"{metric.upper()}_spk1" for metric in METRICS] + [f"result_{m}.txt" for m in METRICS]


def job(set_dir, out, system="noisy", scp="wav.scp"):
    return f"{system}:{set_dir}:{set_dir / scp}:{out}"


def error_of(capsys_or_command):
    with pytest.raises(SystemExit) as stop:
        main(capsys_or_command)
    assert "\n" not in stop.value.code
    return stop.value.code


def test_several_jobs_in_two_processes(make_se_set, tmp_path):
    set_dir, noisy, clean = make_se_set(utterances=6), tmp_path / "noisy", tmp_path / "clean"
    jobs = ["--job", job(set_dir, noisy), "--job", job(set_dir, clean, "clean", "spk1.scp")]
    main([*jobs, "--nj", "2"])
    assert list(read_scores(noisy / "scores.tsv")) == [f"F01_{number}" for number in range(6)]
    for utterance, scores in read_scores(clean / "scores.tsv").items():
        assert scores["si_snr"] == 60.0
        assert 0 < read_scores(noisy / "scores.tsv")[utterance]["si_snr"] < 15


def test_files_in_espnet_format_contain_the_same_scores(make_se_set, tmp_path):
    set_dir = make_se_set()
    main(["--job", job(set_dir, tmp_path / "out")])
    assert sorted(p.name for p in (tmp_path / "out/scoring").iterdir()) == sorted(SHAPED)
    sdrs = [float(value) for value in read_columns(tmp_path / "out/scoring/SDR_spk1").values()]
    table = [s["sdr"] for s in read_scores(tmp_path / "out/scores.tsv").values()]
    assert sdrs == pytest.approx(table, abs=1e-4)
    result = (tmp_path / "out/scoring/result_sdr.txt").read_text()
    assert result == f"{np.mean(sdrs):.2f}\n"


def test_a_set_without_references_is_reported_and_not_scored(make_se_set, tmp_path, capsys):
    set_dir = make_se_set()
    (set_dir / "spk1.scp").unlink()
    main(["--job", job(set_dir, tmp_path / "out")])
    assert "no reference" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_old_scores_are_removed_when_the_references_are_gone(make_se_set, tmp_path):
    set_dir = make_se_set()
    main(["--job", job(set_dir, tmp_path / "out")])
    assert (tmp_path / "out/scores.tsv").exists()
    (set_dir / "spk1.scp").unlink()
    main(["--job", job(set_dir, tmp_path / "out")])
    assert not (tmp_path / "out/scores.tsv").exists()


def test_references_may_come_from_another_list(make_se_set, tmp_path):
    set_dir = make_se_set()
    (set_dir / "spk1.scp").rename(tmp_path / f"truth_{set_dir.name}")
    template = str(tmp_path / "truth_{set}")
    main(["--job", job(set_dir, tmp_path / "out"), "--ref_scp", template])
    assert (tmp_path / "out/scores.tsv").exists()


def test_estimates_without_reference_may_be_left_out(make_se_set, tmp_path):
    set_dir = make_se_set(utterances=3)
    references = read_columns(set_dir / "spk1.scp")
    del references["F01_1"]
    write_columns(set_dir / "spk1.scp", references)
    main(["--job", job(set_dir, tmp_path / "out"), "--partial"])
    assert list(read_scores(tmp_path / "out/scores.tsv")) == ["F01_0", "F01_2"]


def test_a_silent_estimate_is_scored_with_a_warning(make_se_set, tmp_path, capsys):
    set_dir = make_se_set()
    write_samples(read_columns(set_dir / "wav.scp")["F01_1"], np.zeros(12800, np.int16))
    main(["--job", job(set_dir, tmp_path / "out")])
    assert read_scores(tmp_path / "out/scores.tsv")["F01_1"] == SILENT_SCORES
    assert "a silent estimate in 1 of 2 utterances: F01_1" in capsys.readouterr().err


def test_undefined_scores_are_left_out_of_the_mean_with_a_warning(make_se_set, tmp_path, capsys):
    set_dir = make_se_set(seconds=0.2)
    main(["--job", job(set_dir, tmp_path / "out")])
    assert math.isnan(read_scores(tmp_path / "out/scores.tsv")["F01_0"]["pesq"])
    assert (tmp_path / "out/scoring/result_pesq.txt").read_text() == "nan\n"
    assert "an undefined pesq" in capsys.readouterr().err
    mixed = {name: dict.fromkeys(METRICS, v) for name, v in (("a", 2.0), ("b", math.nan))}
    write_scores(tmp_path / "mixed", mixed)
    assert (tmp_path / "mixed/scoring/result_stoi.txt").read_text() == "2.00\n"


@pytest.mark.brings(
    "scoring",
    "clips of 100 to 512 samples",
    "undefined scores are NaN, with a warning",
)
@pytest.mark.parametrize("samples", [100, 256, 512])
def test_very_short_clips(make_se_set, tmp_path, capsys, samples):
    set_dir = make_se_set(seconds=samples / 16000)
    main(["--job", job(set_dir, tmp_path / "out")])
    scores = read_scores(tmp_path / "out/scores.tsv")["F01_1"]
    undefined = {"pesq", "pesq_raw", "stoi", "sdr"}
    assert {metric for metric, value in scores.items() if math.isnan(value)} == undefined
    errors = capsys.readouterr().err.splitlines()
    warnings = [line for line in errors if line.startswith("warning: ")]
    assert len(warnings) == 4 and all(line.endswith("utterances: F01_0 F01_1") for line in warnings)


def test_a_different_length_is_an_error_and_nothing_is_written(make_se_set, tmp_path):
    set_dir = make_se_set()
    path = read_columns(set_dir / "wav.scp")["F01_1"]
    write_samples(path, np.ones(12799, np.int16))
    error = error_of(["--job", job(set_dir, tmp_path / "out")])
    assert path in error and "12799" in error and "12800" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("scp", "ids", "message"),
    [
        ("wav.scp", ["F01_0"], "lacks 'F01_1'"),
        ("wav.scp", ["F01_0", "F01_1", "F01_2"], "'F01_2' has no reference"),
        ("spk1.scp", [], "is empty"),
    ],
)
def test_lists_that_do_not_match(make_se_set, tmp_path, scp, ids, message):
    set_dir = make_se_set()
    path = read_columns(set_dir / scp)["F01_0"]
    write_columns(set_dir / scp, dict.fromkeys(ids, path))
    error = error_of(["--job", job(set_dir, tmp_path / "out")])
    assert message in error and scp in error


@pytest.mark.parametrize("text", ["a:b:c", "a::c:d", "a:/nowhere:c:d"])
def test_invalid_jobs(text):
    assert text in error_of(["--job", text]) or "/nowhere" in error_of(["--job", text])


@pytest.mark.parametrize("text", ["utt\tsdr\n", "", "utt\t{}\nu1\t1.0\n", "utt\t{}\nu1\tx\n"])
def test_a_file_that_is_not_a_score_table(tmp_path, text):
    path = tmp_path / "scores.tsv"
    path.write_text(text.format("\t".join(METRICS)))
    with pytest.raises(UserError, match="score the set again"):
        read_scores(path)


def test_chosen_metrics_alone_are_computed(make_se_set, tmp_path, capsys):
    set_dir = make_se_set()
    main(["--job", job(set_dir, tmp_path / "out"), "--metrics", "si_snr", "sdr"])
    for scores in read_scores(tmp_path / "out/scores.tsv").values():
        assert {name for name in METRICS if not math.isnan(scores[name])} == {"si_snr", "sdr"}
    written = {path.name for path in (tmp_path / "out/scoring").iterdir()}
    assert written == {"SI_SNR_spk1", "SDR_spk1", "result_si_snr.txt", "result_sdr.txt"}
    assert "undefined" not in capsys.readouterr().err


def crash_on(utterance_samples: int):
    """Return a PESQ that crashes on signals of this length."""

    def pesq(_rate, reference, _estimate, _mode):
        if len(reference) == utterance_samples:
            ctypes.string_at(0)
        return 2.0

    return pesq


@pytest.mark.brings(
    "scoring",
    "an utterance that crashes PESQ",
    "its PESQ is NaN, with a warning and a count; all else is scored",
)
@pytest.mark.parametrize("nj", ["1", "2"])
def test_a_crash_of_a_metric_costs_only_its_value(make_se_set, tmp_path, capfd, monkeypatch, nj):
    first, second = make_se_set("short"), make_se_set("long", seconds=1.0)
    monkeypatch.setattr(pesq_package, "pesq", crash_on(16000))
    jobs = ["--job", job(first, tmp_path / "a"), "--job", job(second, tmp_path / "b")]
    main([*jobs, "--nj", nj])
    assert all(values["pesq"] == 2.0 for values in read_scores(tmp_path / "a/scores.tsv").values())
    for values in read_scores(tmp_path / "b/scores.tsv").values():
        undefined = {metric for metric in METRICS if math.isnan(values[metric])}
        assert undefined == {"pesq", "pesq_raw"}
    warnings = capfd.readouterr().err
    path = read_columns(second / "wav.scp")["F01_1"]
    line = (
        f"warning: F01_1: pesq crashed (signal 11, segmentation fault) on {path}; its value is NaN"
    )
    assert line in warnings.splitlines()
    assert "noisy on long: an undefined pesq, left out of the mean, in 2 of 2" in warnings


@pytest.mark.brings("scoring", "a list with an id but no file, or no length", "the id is named")
def test_ids_without_values(make_se_set, tmp_path):
    set_dir = make_se_set()
    words = ["--job", job(set_dir, tmp_path / "out")]
    lines = (set_dir / "wav.scp").read_text().splitlines()
    first = lines[0].split()[0]
    (set_dir / "wav.scp").write_text("\n".join([first, *lines[1:]]) + "\n")
    assert f"wav.scp: names no file for '{first}'; enhance the set again" in error_of(words)
    (set_dir / "wav.scp").write_text("\n".join(lines) + "\n")
    for value in ("x", "-1", "0", "", "1.5"):
        write_columns(set_dir / "utt2num_samples", {line.split()[0]: value for line in lines})
        assert f"utt2num_samples: '{first}' has '{value}' samples" in error_of(words)
