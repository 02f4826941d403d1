"""The recipe with WSJ: its clean set, and the text for its language model."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

EGS2 = Path(__file__).parents[2] / "egs2"


def run(directory: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a command with a Python that prints its arguments."""
    script = 'python3() { echo "RUN $*"; }; export -f python3; exec "$@"'
    return subprocess.run(
        ["bash", "-c", script, "test", *command],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


@pytest.mark.parametrize(
    ("wsj", "expected"),
    [
        ({"WSJ0": "/wsj0", "WSJ1": "/wsj1"}, "--clean_train_set train_si284 "),
        ({"WSJ0": "/wsj0"}, ""),
        ({}, ""),
    ],
)
def test_wsj_sets_the_clean_set_and_a_user_may_choose_another(tmp_path, wsj, expected):
    for name in ("run.sh", "db.sh"):
        shutil.copy(EGS2 / "chime4/enh_kd1" / name, tmp_path)
    (tmp_path / "enh_kd.sh").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "enh_kd.sh").chmod(0o755)
    done = run(tmp_path, "./run.sh", "--clean_train_set", "mine", **wsj)
    assert done.stdout == f"--report_opts --published {expected}--clean_train_set mine\n"


@pytest.fixture
def recipe(tmp_path):
    """Copy the recipe template."""
    shutil.copytree(EGS2 / "TEMPLATE/enh_kd1", tmp_path / "enh_kd1")
    (tmp_path / "enh_kd1/path.sh").write_text("")
    return tmp_path / "enh_kd1"


def stages_2_and_3(recipe: Path, *more: str) -> list[str]:
    """Return the lines printed up to the first training, which does not happen with this Python."""
    options = ("--stage", "2", "--stop_stage", "3", "--ngpu", "0", "--clean_train_set", "clean")
    return run(recipe, "./enh_kd.sh", *options, *more).stdout.splitlines()


def test_more_text_is_added_to_the_clean_set_for_the_language_model(recipe):
    text = recipe / "data/local/other_text/text"
    text.parent.mkdir(parents=True)
    text.touch()
    lines = stages_2_and_3(recipe)
    assert lines[3] == (
        "RUN -m espnet_kd.bin.join_lm_text --token_type char "
        "--token_list dump/token_list/char/tokens.txt --text dump/raw/clean/text "
        "data/local/other_text/text --out dump/raw/clean_other_text"
    )
    assert lines[5].endswith(" The language model is trained on dump/raw/clean_other_text/text")
    assert " dump/raw/clean_other_text/text,text,text " in lines[7]
    assert " dump/raw/clean_other_text/text_shape.char " in lines[7]
    assert "dump/raw/dt05_bth/text,text,text " in lines[7]


def test_lm_text_replaces_the_prepared_text(recipe):
    (recipe / "data/local/other_text").mkdir(parents=True)
    (recipe / "data/local/other_text/text").touch()
    join = stages_2_and_3(recipe, "--lm_text", "mine.txt")[3]
    assert " --text dump/raw/clean/text mine.txt --out " in join


def test_without_more_text_the_clean_set_alone_is_used(recipe):
    lines = stages_2_and_3(recipe)
    assert not [line for line in lines if "join_lm_text" in line]
    assert lines[4].endswith(" The language model is trained on dump/raw/clean/text")
    assert " dump/raw/clean/text,text,text " in lines[6]
