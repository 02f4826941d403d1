"""The command compare_methods."""

from __future__ import annotations

from itertools import takewhile

import numpy as np
import pytest

from espnet_kd.bin.compare_methods import main
from espnet_kd.data.audio import write_samples
from espnet_kd.data.kaldi_dir import write_set

from ..report.method_root import REAL, SIMU, write_system
from ..tiny_models import STUDENT, write_enhancement_model


@pytest.fixture
def compare(tmp_path):
    """Return a function that runs the command on two methods with two seeds, for the page."""
    for system, level in (("noisy", 2.0), ("none", 5.0), ("output", 7.0)):
        names = [system] if system == "noisy" else [f"{system}-seed{k}" for k in range(2)]
        for name in names:
            write_system(tmp_path, name, level, 0.3)

    def run(*options, methods=("none", "output"), control=("none",)):
        out = tmp_path / "RESULTS.md"
        main(
            ["--root", str(tmp_path), "--methods", *methods, "--unseeded", "noisy"]
            + ["--control", *control, "--simu_sets", *SIMU, "--real_sets", *REAL]
            + ["--command", "./compare.sh", "--out", str(out), *options]
        )
        return out.read_text()

    return run


def test_page(compare, capsys):
    text = compare(control=("none", "output", "noisy"))
    assert capsys.readouterr().out.endswith("RESULTS.md\n")
    assert "- output KD is better than no KD" in text and "./compare.sh" in text
    assert "- no KD is better than Noisy input" in text


def test_cost_of_trained_models(compare, tmp_path):
    wave = tmp_path / "a.wav"
    write_samples(wave, np.random.default_rng(0).integers(-9, 9, 4000).astype(np.int16))
    tables = {
        "wav.scp": str(wave),
        "text": "STOCKS",
        "utt2spk": "F01",
        "utt2category": "SIMU",
        "utt2num_samples": "4000",
    }
    set_dir = tmp_path / "dt05"
    write_set(set_dir, {name: {"F01_a_SIMU": value} for name, value in tables.items()})
    config, checkpoint = write_enhancement_model(tmp_path / "output/seed1", STUDENT)
    text = compare(
        *("--checkpoint", checkpoint.name, "--model_set", str(set_dir)),
        *("--model", f"teacher:{config}:{checkpoint}"),
    )
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if "GMAC" in line and "|" in line)
    table = takewhile(lambda line: line.startswith("|"), lines[start:])
    header, _, teacher, output = (line.split(" | ")[:2] for line in table)
    assert header == ["| model", "parameters [M]"]
    assert teacher[0] == "| Text-informed teacher" and output[0] == "| output KD"
    assert teacher[1] == output[1] != "0.000"
    assert "- no KD: no trained model to measure" in text


@pytest.mark.parametrize(
    ("options", "settings", "message"),
    [
        ([], {"control": ["at_kl"]}, "--control: 'at_kl' is not a row; add it to --methods"),
        ([], {"methods": ["none", "none"]}, "--methods: 'none' appears twice"),
        ([], {"methods": ["none", "noisy"]}, "--methods: 'noisy' appears twice"),
        ([], {"control": ["none", "none"]}, "--control: 'none' appears twice"),
        (["--model", "a:b:c"], {}, "--model: needs a set to measure on; give --model_set"),
        (["--model", "a:b", "--model_set", "x"], {}, "--model: 'a:b' is not NAME"),
        (["--root", "/nowhere"], {}, "/nowhere/scores: holds no scores of noisy, none, output"),
    ],
)
def test_wrong_options_are_reported_in_one_line(compare, options, settings, message):
    with pytest.raises(SystemExit) as stop:
        compare(*options, **settings)
    assert stop.value.code.startswith(f"error: {message}") and "\n" not in stop.value.code
