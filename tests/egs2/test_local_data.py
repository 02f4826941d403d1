"""What the recipes' `local/data.sh` asks of Python."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[2] / "egs2"


@pytest.fixture
def asked():
    """Function that runs a recipe's local/data.sh with a Python that shows what it is asked."""

    def run(recipe, *options):
        script = 'python3() { echo "RUN $*"; }; export -f python3; exec local/data.sh "$@"'
        done = subprocess.run(
            ["bash", "-c", script, "local/data.sh", *options],
            cwd=RECIPES / recipe / "enh_kd1",
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": "/usr/bin:/bin", "CHIME4": "/corpus"},
        )
        assert done.returncode == 0, done.stderr
        return [line.removeprefix("RUN -m espnet_kd.bin.") for line in done.stdout.splitlines()]

    return run


@pytest.mark.parametrize("recipe", ["chime4", "mini_chime4"])
def test_backgrounds_are_listed_last_at_the_channels_of_training(asked, recipe):
    *_, prepare, backgrounds = asked(recipe, "--nj", "2", "--channels", "5 2", "--references", "r")
    assert prepare.startswith("prepare_chime4 ") and prepare.count("--channels 5 2") == 1
    corpus = prepare.split()[2]
    expected = f"list_backgrounds --corpus {corpus} --out data/noise.scp --channels 5 2"
    assert backgrounds == expected


def test_without_channels_both_have_their_common_default(asked):
    _, prepare, backgrounds = asked("chime4", "--nj", "2")
    assert "--channels" not in prepare + backgrounds


@pytest.mark.parametrize("recipe", ["chime4", "mini_chime4"])
def test_the_corpus_is_checked_first_and_told_what_may_be_missing(asked, recipe):
    *_, check, prepare, _ = asked(recipe, "--nj", "2", "--channels", "5", "--allow_partial", "true")
    corpus = prepare.split()[2]
    assert check == f"check_corpus {corpus} --extra_annotations none --allow_partial true"
    assert prepare.count("--allow_partial true") == 1


def test_the_embedded_corpus_makes_its_references_and_compares_them_with_the_true_ones(asked):
    prepare = next(line for line in asked("mini_chime4") if line.startswith("prepare_chime4 "))
    assert "--isolated_ext corpus/isolated_ext " in prepare
    assert prepare.endswith("--take_isolated_ext false")
    assert "--take_isolated_ext" not in " ".join(asked("chime4"))
