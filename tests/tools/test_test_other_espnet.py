"""Tests with the other ESPnet: which Python they use, the line that says what was tested."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "test_other_espnet.sh"
HERE = "ESPnet 202511 on Python 3.11.7"


def write_program(path: Path, lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{lines}\n")
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose `python` has ESPnet 202511, and a PATH with little else."""
    for name in ("bash", "dirname"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    write_program(tmp_path / "bin/python", f'echo "{HERE}"')
    (tmp_path / "tools").mkdir()
    shutil.copy(SCRIPT, tmp_path / "tools")
    # The set-up makes an environment whose pytest says where it is.
    other = tmp_path / ".venv-other/bin/python"
    write_program(tmp_path / "bin/make", "echo make $*")
    write_program(
        other,
        'case "$*" in *pytest*) echo tests; exit ${FAIL:-0} ;; esac\n'
        'echo "ESPnet 202611 on Python 3.12.1"',
    )
    return tmp_path


def run(checkout, **environment):
    return subprocess.run(
        [checkout / "tools/test_other_espnet.sh"],
        env={"PATH": str(checkout / "bin"), "HOME": str(checkout / "home"), **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_without_the_other_python_a_line_says_so(checkout):
    done = run(checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"tested: {HERE}; not tested: the other ESPnet (no Python 3.12 or 3.13 here)"
    ]


@pytest.mark.parametrize("place", ["bin/python3.12", "home/.pyenv/versions/3.13.0/bin/python"])
def test_the_other_python_is_found(checkout, place):
    write_program(checkout / "bin/python3.13", "exit 127")  # a shim of a version that is off
    write_program(checkout / place, "exit 0")
    done = run(checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"make VENV=.venv-other PYTHON={checkout / place} setup",
        "tests",
        f"tested: {HERE}; ESPnet 202611 on Python 3.12.1",
    ]


def test_a_failing_test_is_a_failure(checkout):
    write_program(checkout / "bin/python3.12", "exit 0")
    done = run(checkout, FAIL="1")
    assert done.returncode == 1
    assert "tested:" not in done.stdout
