"""evidence.sh: it runs every stage once, stops in time and continues."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "egs2" / "medium_chime4" / "enh_kd1" / "evidence.sh"
STUB = """#!/usr/bin/env bash
echo "$*" >> ran.txt
if [ -e fail ]; then exit 3; fi
if [ -e slow ]; then exec sleep 20; fi
mkdir -p exp/evidence
touch exp/evidence/EVIDENCE.md exp/evidence/evidence.tsv exp/RESULTS.md exp/sdr_distribution.png
"""


@pytest.fixture
def recipe(tmp_path):
    """A directory with the script and a run.sh that only writes down its options."""
    shutil.copy(SCRIPT, tmp_path / "evidence.sh")
    (tmp_path / "run.sh").write_text(STUB)
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


def run(recipe, *options):
    done = subprocess.run(
        ["./evidence.sh", *options], cwd=recipe, capture_output=True, text=True, timeout=60
    )
    ran = recipe / "ran.txt"
    lines = ran.read_text().splitlines() if ran.exists() else []
    ran.unlink(missing_ok=True)
    return done, lines


def test_every_stage_runs_once(recipe):
    done, ran = run(recipe, "--nj", "3")
    assert done.returncode == 0, done.stderr
    recipe_stages = [f"--stage {n} --stop_stage {n} --nj 3" for n in range(1, 16)]
    seeds = [f"--stage_dir evidence --stage {n} --stop_stage {n} --nj 3" for n in range(1, 5)]
    assert ran == recipe_stages + seeds
    assert (recipe / "EVIDENCE.md").exists() and (recipe / "evidence.tsv").exists()
    done, ran = run(recipe)
    assert (done.returncode, ran) == (0, [])


def test_it_stops_in_time_and_continues_with_the_same_stage(recipe):
    (recipe / "slow").touch()
    done, ran = run(recipe, "--hours", "0.0003")
    assert done.returncode == 0
    assert "Stopped after 0.0003 hours; run ./evidence.sh again to continue." in done.stdout
    assert ran == ["--stage 1 --stop_stage 1"]
    assert not (recipe / "EVIDENCE.md").exists()
    (recipe / "slow").unlink()
    assert run(recipe)[1][0] == "--stage 1 --stop_stage 1"


def test_no_time_left_runs_nothing(recipe):
    done, ran = run(recipe, "--hours", "0")
    assert (done.returncode, ran) == (0, [])


def test_a_failure_stops_it(recipe):
    (recipe / "fail").touch()
    done, ran = run(recipe)
    assert (done.returncode, len(ran)) == (3, 1)


@pytest.mark.parametrize("hours", [["two"], []])
def test_hours_that_are_no_number(recipe, hours):
    done, ran = run(recipe, "--hours", *hours)
    assert (done.returncode, ran) == (1, [])
    assert done.stderr.splitlines() == [
        f"error: --hours: '{''.join(hours)}' is not a number; write e.g. --hours 2"
    ]
