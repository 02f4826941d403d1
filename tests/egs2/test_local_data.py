"""Python commands that the recipes' `local/data.sh` runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[2] / "egs2"


@pytest.fixture
def asked():
    """Return a function that runs local/data.sh with a Python that prints its arguments."""

    def run(recipe, *options, **environment):
        script = 'python3() { echo "RUN $*"; }; export -f python3; exec local/data.sh "$@"'
        done = subprocess.run(
            ["bash", "-c", script, "local/data.sh", *options],
            cwd=RECIPES / recipe / "enh_kd1",
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": "/usr/bin:/bin", "CHIME4": "/corpus", **environment},
        )
        assert done.returncode == 0, done.stderr
        return [line.removeprefix("RUN -m espnet_kd.bin.") for line in done.stdout.splitlines()]

    return run


@pytest.mark.parametrize("recipe", ["chime4", "mini_chime4"])
def test_backgrounds_are_listed_last_with_the_training_channels(asked, recipe):
    *_, prepare, backgrounds = asked(recipe, "--nj", "2", "--channels", "5 2", "--references", "r")
    assert prepare.startswith("prepare_chime4 ") and prepare.count("--channels 5 2") == 1
    corpus = prepare.split()[2]
    expected = f"list_backgrounds --corpus {corpus} --out data/noise.scp --channels 5 2"
    assert backgrounds == expected


def test_without_channels_both_commands_use_their_default(asked):
    _, prepare, backgrounds = asked("chime4", "--nj", "2")
    assert "--channels" not in prepare + backgrounds


@pytest.mark.parametrize("recipe", ["chime4", "mini_chime4"])
def test_the_corpus_is_checked_first_and_may_be_partial(asked, recipe):
    *_, check, prepare, _ = asked(recipe, "--nj", "2", "--channels", "5", "--allow_partial", "true")
    corpus = prepare.split()[2]
    assert check == f"check_corpus {corpus} --extra_annotations none --allow_partial true"
    assert prepare.count("--allow_partial true") == 1


def test_the_embedded_corpus_makes_its_references_and_compares_them_with_the_true_ones(asked):
    prepare = next(line for line in asked("mini_chime4") if line.startswith("prepare_chime4 "))
    assert "--isolated_ext corpus/isolated_ext " in prepare
    assert prepare.endswith("--take_isolated_ext false")
    assert "--take_isolated_ext" not in " ".join(asked("chime4"))


WSJ = {"WSJ0": "/wsj0", "WSJ1": "/wsj1"}


def test_both_parts_of_wsj_make_train_si284_and_wsj0_has_transcripts(asked):
    options = ("--nj", "3", "--references", "d/references", "--allow_partial", "true")
    _, wsj, prepare, _ = asked("chime4", *options, **WSJ)
    assert wsj == (
        "prepare_wsj --wsj0 /wsj0 --wsj1 /wsj1 --out data --audio d/wsj "
        "--lm_text data/local/other_text/text --nj 3 --allow_partial true"
    )
    assert "--wsj0 /wsj0" in prepare


@pytest.mark.parametrize("only", ["WSJ0", "WSJ1", ""])
def test_train_si284_needs_both_parts_of_wsj(asked, only):
    commands = asked("chime4", "--nj", "3", **{only: WSJ[only]} if only else {})
    assert [command.split()[0] for command in commands] == [
        "check_corpus", "prepare_chime4", "list_backgrounds",
    ]  # fmt: skip
    assert f"--wsj0 {'/wsj0' if only == 'WSJ0' else 'none'} " in commands[1]


def test_the_embedded_corpus_ignores_wsj(asked):
    assert not [command for command in asked("mini_chime4", **WSJ) if "/wsj" in command]
