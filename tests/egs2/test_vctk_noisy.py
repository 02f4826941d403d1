"""Stages 1 and 2 of VoiceBank+DEMAND on a small tree with its names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espnet_kd.bin.list_vctk_noisy import FOLDERS
from espnet_kd.data.kaldi_dir import read_set

ROOT = Path(__file__).parents[2]
NAMES = (("p226_001", "p227_001", "p227_002", "p287_001"), ("p232_001", "p257_001"))


@pytest.fixture
def recipe(tmp_path):
    rng = np.random.default_rng(0)
    for folders, names in zip(FOLDERS, NAMES, strict=True):
        noisy, clean, text = (tmp_path / "corpus" / name for name in folders)
        for folder in (noisy, clean, text):
            folder.mkdir(parents=True)
        for name in names:
            speech = 0.1 * rng.standard_normal(24000)
            soundfile.write(clean / f"{name}.wav", speech, 48000)
            noise = 0.05 * rng.standard_normal(24000)
            soundfile.write(noisy / f"{name}.wav", speech + noise, 48000)
            words = "Ask her." if name.endswith("7_001") else "Please call Stella, won't you?"
            (text / f"{name}.txt").write_text(f"{words}\n")
    for name in ("TEMPLATE", "vctk_noisy"):
        shutil.copytree(ROOT / "egs2" / name, tmp_path / "egs2" / name, symlinks=True)
    for name in ("conf", "espnet_kd"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path / "egs2/vctk_noisy/enh_kd1"


def run(recipe, corpus):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["./run.sh", "--stop_stage", "2", "--nj", "1"],
        cwd=recipe,
        capture_output=True,
        text=True,
        timeout=300,
        env={"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(recipe), "VCTK_NOISY": corpus},
    )


def test_sets_are_16_khz_copies(recipe):
    done = run(recipe, str(recipe.parents[2] / "corpus"))
    assert done.returncode == 0, done.stderr
    sizes = {path.name: len(read_set(path)["text"]) for path in (recipe / "data").glob("*_simu")}
    assert sizes == {"train_simu": 2, "valid_simu": 2, "test_simu": 2}
    test = read_set(recipe / "dump/raw/test_simu")
    assert soundfile.info(test["wav.scp"]["p232_001_SIMU"]).samplerate == 16000
    assert test["text"]["p232_001_SIMU"] == "PLEASE CALL STELLA WON'T YOU"


def test_an_incomplete_corpus_is_one_line(recipe):
    corpus = recipe.parents[2] / "corpus"
    (corpus / "clean_testset_wav/p232_001.wav").unlink()
    done = run(recipe, str(corpus))
    assert "clean_testset_wav/p232_001.wav: does not exist, but " in done.stderr


def test_an_empty_db_is_one_line(recipe):
    assert run(recipe, "").stderr.startswith("error: db.sh: VCTK_NOISY is empty; ")
