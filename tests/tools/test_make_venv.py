"""Set-up says in one line what a machine lacks."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "make_venv.sh"


@pytest.fixture
def make_venv(tmp_path):
    """Run the script with an interpreter that is a shell script."""

    def run(interpreter: str) -> subprocess.CompletedProcess:
        python = tmp_path / "python"
        python.write_text(f"#!/usr/bin/env bash\n{interpreter}\n")
        python.chmod(0o755)
        return subprocess.run(
            [SCRIPT, tmp_path / "venv"],
            env={"PATH": "/usr/bin:/bin", "PYTHON": str(python)},
            capture_output=True,
            text=True,
            timeout=30,
        )

    return run


def test_an_old_python_is_named_with_its_version(make_venv, tmp_path):
    result = make_venv('if [ "$1" = --version ]; then echo Python 3.8.1; else exit 1; fi')
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"error: {tmp_path}/python: Python 3.8.1; Python 3.10 to 3.13 is needed: "
        "install one, or name it: make PYTHON=/path/python3.11"
    ]
    assert not (tmp_path / "venv").exists()


def test_missing_ensurepip_is_told(make_venv, tmp_path):
    result = make_venv('case "$*" in *ensurepip*) exit 1 ;; esac')
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"error: {tmp_path}/python: has no ensurepip; install your system's python3-venv, "
        "or the program uv, and run again"
    ]


def test_what_compiling_needs_is_told(tmp_path):
    """The installer fails, whatever it is asked."""
    tools = tmp_path / "venv" / "bin"
    tools.mkdir(parents=True)
    for name, status in (("python", 0), ("uv", 2)):
        (tools / name).write_text(f"#!/usr/bin/env bash\nexit {status}\n")
        (tools / name).chmod(0o755)
    result = subprocess.run(
        [SCRIPT, tmp_path / "venv"], capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 1
    assert "needs a C++ compiler and Python's headers" in result.stderr
