"""What `make` would do, without running it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("setup.py", "pyproject.toml", "constraints.txt")


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose environment was set up after its sources were written."""
    for name in ("Makefile", *SOURCES):
        shutil.copy(ROOT / name, tmp_path)
    stamp = tmp_path / ".venv" / ".installed"
    stamp.parent.mkdir()
    stamp.touch()
    os.utime(stamp, (2, 2))
    for name in SOURCES:
        os.utime(tmp_path / name, (1, 1))
    return tmp_path


def planned(checkout, target):
    return subprocess.run(
        ["make", "--dry-run", target], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("target", ["demo", "test", "bench"])
def test_the_second_call_sets_nothing_up(checkout, target):
    assert "make_venv" not in planned(checkout, target)
    (checkout / ".venv" / ".installed").unlink()
    assert "tools/make_venv.sh .venv" in planned(checkout, target)


@pytest.mark.parametrize("name", SOURCES)
def test_changed_versions_are_set_up(checkout, name):
    os.utime(checkout / name, (3, 3))
    assert "tools/make_venv.sh .venv" in planned(checkout, "setup")
