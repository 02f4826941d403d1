"""Comparison of whole enhancement commands."""

from __future__ import annotations

import numpy as np
import pytest
from espnet2.bin import enh_inference

from benchmarks import speed_enhancement
from benchmarks.command_cost import Cost
from benchmarks.speed_enhancement import (
    Agreement,
    agreement,
    agreement_rows,
    agreements,
    prepare,
)
from benchmarks.workload import SIZES
from espnet_kd.data.audio import read_samples, write_samples
from espnet_kd.fileio import read_columns, write_columns


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Three utterances and a small model."""
    directory = tmp_path_factory.mktemp("work")
    return prepare(SIZES["mini"].conf / "se/conv_tasnet.yaml", 3, 0.25, "cpu", directory)


@pytest.fixture(scope="module")
def ours(work, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "ours"
    cost = work.run_ours(out, "")
    assert cost.seconds > 0.5 and cost.megabytes > 100  # includes the jobs
    return out


def test_our_command_enhances_all(work, ours):
    paths = read_columns(ours / "set/wav.scp")
    assert paths.keys() == read_columns(work.source / "wav.scp").keys()
    levels = [read_samples(path).std() for path in paths.values()]
    assert min(levels) > 300  # high enough that 16-bit rounding does not matter


def test_files_are_compared_by_name(work, ours, tmp_path):
    theirs = read_columns(ours / "set/wav.scp")
    write_columns(tmp_path / "spk1.scp", theirs)
    assert all(found.decibels > 100 for found in agreements(tmp_path, ours, work.source))
    copy = read_samples(theirs[min(theirs)])
    write_samples(tmp_path / "other.wav", copy[::-1])
    write_columns(tmp_path / "spk1.scp", {**theirs, max(theirs): tmp_path / "other.wav"})
    write_columns(ours / "set/wav.scp", {**theirs, max(theirs): theirs[min(theirs)]})
    found = [found.decibels > 100 for found in agreements(tmp_path, ours, work.source)]
    assert found == [True, True, False]


def test_stock_parses_its_command_line(work, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(speed_enhancement, "cost_of", lambda *call: seen.append(call) or Cost(1, 1))
    work.run_stock(tmp_path / "stock")
    command, _, settings, _ = seen[0]
    assert command[1:3] == ["-m", "espnet2.bin.enh_inference"]
    args = enh_inference.get_parser().parse_args(command[3:])
    assert args.fs == 16000 and args.normalize_output_wav is False
    assert args.train_config == str(work.stock[0])
    assert int(settings["OMP_NUM_THREADS"]) == work.threads


def test_agreement_allows_a_gain_and_rounding():
    signal = 3000 * np.random.default_rng(0).standard_normal(8000)
    cut, rounded = np.floor(signal), np.rint(1.5 * signal)
    assert -1 < agreement(cut, rounded).steps <= 0
    rounded[17] += 3
    assert 0.5 < agreement(cut, rounded).steps < 3


def test_decibels():
    random = np.random.default_rng(0)
    signal, noise = random.standard_normal((2, 100000))
    found = agreement(2 * signal, signal + 0.01 * noise)
    assert found.decibels == pytest.approx(40, abs=0.1)
    assert agreement(signal, signal).decibels == pytest.approx(200)


def test_the_worst_utterance_counts():
    good, bad = Agreement(0.1, 80.0), Agreement(0.7, 39.0)
    assert [row.met for row in agreement_rows([good, good], [good, good])] == [True, True]
    assert [row.met for row in agreement_rows([good, bad], [bad, good])] == [False, False]
