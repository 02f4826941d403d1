"""light.sh: stages of the recipe with the light student, in a directory of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "egs2" / "mini_chime4" / "enh_kd1" / "light.sh"
MODELS = ("teacher", "teacher_no_text", "asr_clean")


@pytest.fixture
def recipe(tmp_path):
    """A directory with the script and a run.sh that only writes down its options."""
    shutil.copy(SCRIPT, tmp_path)
    (tmp_path / "run.sh").write_text('#!/usr/bin/env bash\necho "$*" >> ran.txt\n')
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


def run(recipe, *options):
    return subprocess.run(
        ["./light.sh", *options], cwd=recipe, capture_output=True, text=True, timeout=60
    )


def test_stages(recipe):
    for model in MODELS:
        (recipe / "exp" / model).mkdir(parents=True)
    assert run(recipe, "--seeds", "0 1").returncode == 0
    for model in MODELS:
        assert (recipe / "exp_light" / model).samefile(recipe / "exp" / model)
        assert not os.path.isabs(os.readlink(recipe / "exp_light" / model))
    ran = (recipe / "ran.txt").read_text().splitlines()
    common = "--expdir exp_light --se_config conf/mini/se/gtcrn_published.yaml "
    assert all(line.startswith(common) and line.endswith(" --seeds 0 1") for line in ran)
    stages = [line.partition("--observation_systems  ")[2] for line in ran]
    assert stages == [
        "--stage 4 --stop_stage 4 --seeds 0 1",
        "--stage 8 --stop_stage 8 --seeds 0 1",
        "--stage 10 --stop_stage 11 --seeds 0 1",
        "--stage_dir evidence --stage 1 --stop_stage 2 --seeds 0 1",
        "--stage_dir evidence --stage 4 --seeds 0 1",
    ]


@pytest.mark.parametrize("missing", MODELS)
def test_before_the_recipe(recipe, missing):
    for model in set(MODELS) - {missing}:
        (recipe / "exp" / model).mkdir(parents=True)
    done = run(recipe)
    assert done.returncode == 1
    assert done.stderr == f"error: exp/{missing}: does not exist; run ./run.sh first\n"
    assert not (recipe / "ran.txt").exists()
