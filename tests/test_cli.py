"""The command `espnet-kd`."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from espnet_kd import __version__, cli

ROOT = Path(__file__).parents[1]
BIN = ROOT / "espnet_kd/bin"


def test_every_module_is_a_command_with_one_line(capsys):
    found = cli.commands()
    modules = {path.stem for path in BIN.glob("*.py")} - {"__init__"}
    assert sorted(found.values()) == sorted(modules)
    cli.main([])
    shown = capsys.readouterr().out
    for name, module in found.items():
        assert re.search(rf"^  {name} +\S.{{10,}}$", shown, re.MULTILINE), name
        assert "\ndef main(cmd: " in (BIN / f"{module}.py").read_text(), module


def test_modules_that_are_called_otherwise_exist():
    assert set(cli.RENAMED.values()) <= {path.stem for path in BIN.glob("*.py")}
    assert cli.commands()["enhance"] == "enhance_files"
    assert cli.commands()["score-se"] == "score_se"


def test_help_is_quick_and_imports_nothing_large():
    heavy = "{'numpy', 'torch', 'espnet2', 'soundfile', 'argparse', 'yaml'}"
    code = f"import sys; from espnet_kd.cli import main; main(); print({heavy} & set(sys.modules))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.endswith("set()\n")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3


def test_a_command_gets_the_arguments_after_its_name(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["espnet-kd"])  # which the command changes
    cli.main(["kd-needs", "--config", str(ROOT / "conf/kd/frame_sequence_asr.yaml")])
    assert capsys.readouterr().out == "recognizer teacher\n"
    with pytest.raises(SystemExit, match="^0$"):
        cli.main(["kd-needs", "--help"])
    assert capsys.readouterr().out.startswith("usage: espnet-kd kd-needs [-h] --config CONFIG")


def test_python_m_is_the_same():
    done = subprocess.run(
        [sys.executable, "-m", "espnet_kd", "--version"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == f"espnet_kd {__version__}\n"
    assert '"espnet-kd = espnet_kd.cli:main"' in (ROOT / "setup.py").read_text()


@pytest.mark.brings("again", "a command with a misspelt name", "the nearest one is named")
@pytest.mark.parametrize(
    ("name", "remedy"),
    [("score_se", "did you mean 'score-se'?"), ("xyzzy", "espnet-kd --help lists them")],
)
def test_an_unknown_command(name, remedy):
    with pytest.raises(SystemExit) as error:
        cli.main([name])
    assert error.value.code == f"error: espnet-kd: has no command '{name}'; {remedy}"
