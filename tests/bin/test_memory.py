"""The memory of the stages that process lists hardly grows with the number of utterances."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from benchmarks.fake_audio import Recordings
from benchmarks.fake_chime4 import FakeChime4
from espnet_kd.bin import prepare_chime4, prepare_dump
from espnet_kd.data import parallel, spool, tokens
from espnet_kd.data.audio import write_samples
from espnet_kd.data.rows import write_rows

OTHER_SETS = "tr05_simu dt05_simu dt05_real et05_simu et05_real tr05_org tr05_bth dt05_bth et05_bth"


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    """Make blocks small compared to the shorter of the two lists that are compared."""
    monkeypatch.setattr(spool, "RUN", 100)
    monkeypatch.setattr(spool, "BLOCK", 5)
    monkeypatch.setattr(tokens, "BLOCK", 100)
    blocks = parallel.blocks
    monkeypatch.setattr(parallel, "blocks", lambda items, size: blocks(items, min(size, 100)))


def peak(main, **options) -> int:
    """Return the peak size in bytes of Python's objects while a command runs."""
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    tracemalloc.start()
    try:
        main([*words, "--nj", "1"])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_stage_2(tmp_path):
    write_samples(tmp_path / "a.wav", np.ones(800))

    def row(n: int):
        values = {"wav.scp": str(tmp_path / "a.wav"), "spk1.scp": str(tmp_path / "a.wav")}
        values |= {"text": f"SENTENCE {n:b}", "utt2spk": f"F{n // 100:03d}"}
        values |= {"utt2category": "SIMU", "utt2num_samples": "800"}
        return f"F{n // 100:03d}_{n:05d}_SIMU", values

    def measure(size: int) -> int:
        write_rows(tmp_path / f"data/{size}", map(row, range(size)))
        return peak(
            prepare_dump.main,
            data=str(tmp_path / "data"),
            dump=str(tmp_path / "dump"),
            sets=str(size),
            speed_sets=str(size),
            speed_perturb_factors="0.9 1.0 1.1",
            token_sets=str(size),
            token_list=str(tmp_path / f"tokens/{size}.txt"),
        )

    measure(10)  # imports and caches
    growth = measure(2_500) - measure(500)
    assert growth < 100 * 3 * 2_000, "bytes per utterance of the perturbed set"


def test_stage_1(tmp_path):
    def measure(size: int) -> int:
        directory = tmp_path / str(size)
        sizes = {**dict.fromkeys(OTHER_SETS.split(), 2), "tr05_real": size}
        corpus = FakeChime4(directory / "corpus", sizes, Recordings(directory / "linked"))
        corpus.write()
        corpus.write_references(directory / "references")
        return peak(
            prepare_chime4.main,
            corpus=str(directory / "corpus"),
            out=str(directory / "data"),
            references=str(directory / "references"),
        )

    measure(10)
    growth = measure(1_000) - measure(100)
    assert growth < 300 * 6 * 900, "bytes per utterance"
