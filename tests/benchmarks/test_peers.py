"""Table beside pretrained denoisers: what is scored, and what a row says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.peers import System, rows_of
from espnet_kd.data.waves import write_wave
from espnet_kd.fileio import write_columns
from espnet_kd.scoring import dnsmos as dnsmos_module


class Half:
    """A backend with a latency of 32 samples."""

    sample_rate, hop, context, longest, latency = 16000, 1, 0, 10**9, 32

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        return 0.5 * samples


@pytest.fixture
def given(tmp_path, monkeypatch) -> str:
    """A set of two clips; the model does not change them."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "et05_simu"
    folder.mkdir()
    lists: dict[str, dict] = {"wav.scp": {}, "spk1.scp": {}, "utt2num_samples": {}}
    for name in ("a", "b"):
        reference = 0.1 * rng.standard_normal(16000) * (np.sin(np.arange(16000) / 1500) > 0)
        for kind, wave in (("wav.scp", reference + 0.03 * rng.standard_normal(16000)),
                           ("spk1.scp", reference)):  # fmt: skip
            path = tmp_path / f"{name}.{kind}.wav"
            write_wave(path, wave)
            lists[kind][name] = path
        lists["utt2num_samples"][name] = 16000
    for name, values in lists.items():
        write_columns(folder / name, values)
    monkeypatch.setattr(peers, "load_backend", lambda model: Half())
    return str(folder)


def run(given: str, tmp_path, *options: str) -> str:
    page = tmp_path / "page.md"
    peers.main(["--set", given, "--peers", "--out", str(page), *options])
    return page.read_text()


def test_page(given, tmp_path):
    text = run(given, tmp_path, "--model", "ours=exp", "--no_dnsmos")
    assert "### et05_simu (2 clips, 2 s)" in text and "DNSMOS OVRL" not in text
    rows = {line.split(" | ")[0]: line.split(" | ") for line in text.splitlines() if "[" in line}
    ours, noisy = rows["| ours"], rows["| noisy input"]
    assert ours[1] == noisy[1]  # SI-SNR: the level does not matter
    assert float(ours[1].partition(" ")[0]) == pytest.approx(7.5, abs=1.0)
    assert ours[-1] == "2 |" and float(ours[-2]) > 0
    assert noisy[-2:] == ["–", "– |"]
    assert "--model ours=exp --no_dnsmos" in text


def test_fewer_clips_and_dnsmos(given, tmp_path, monkeypatch):
    class Package:
        @staticmethod
        def run(samples, sr):
            assert samples.dtype == np.float32 and np.abs(samples).max() <= 1 and sr == 16000
            return {"ovrl_mos": 1.5, "sig_mos": 2.5, "bak_mos": 3.5, "p808_mos": 4.5}

    monkeypatch.setattr(dnsmos_module, "_package", lambda: Package)
    text = run(given, tmp_path, "--model", "ours=exp", "--most", "1")
    assert "(1 clips, 1 s)" in text
    assert "| 1.50 [1.50, 1.50] | 2.50 [2.50, 2.50] | 3.50 [3.50, 3.50] | 4.50" in text


def test_the_best_is_the_first_row():
    systems = [System("a"), System("b", latency=8.0, seconds=0.01)]
    systems[0].add({"si_snr": 1.0, "pesq": np.nan})
    systems[0].add({"si_snr": 1.0, "pesq": 2.0})
    systems[1].add({"si_snr": 3.0, "pesq": 1.0})
    rows = rows_of(systems).splitlines()[2:]
    assert rows[0] == "| b | 3.00 [3.00, 3.00] | 1.00 [1.00, 1.00] | 0.010 | 8 |"
    assert rows[1].startswith("| a | 1.00 [1.00, 1.00] | 2.00 [2.00, 2.00] |")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--model", "exp"], "--model: is 'exp'; write NAME=MODEL"),
        (["--set", "no"], "no/utt2num_samples: does not exist"),
    ],
)
def test_mistakes(given, tmp_path, options, line):
    with pytest.raises(SystemExit) as error:
        run(given, tmp_path, "--no_dnsmos", *options)
    assert error.value.code.startswith(f"error: {line}")
