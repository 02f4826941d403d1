from __future__ import annotations

import sys
import types

import pytest

from espnet_kd.bin import stock


@pytest.fixture(autouse=True)
def keep_argv(monkeypatch):
    """Let the runner change the process's arguments for one test only."""
    monkeypatch.setattr(sys, "argv", ["pytest"])


def test_module_runs_as_main_with_its_arguments_and_work_arounds(tmp_path, monkeypatch):
    (tmp_path / "stock_example.py").write_text(
        "import sys\nif __name__ == '__main__':\n"
        "    sys.modules['seen'].value = (sys.argv[1:], 'g2p_en' in sys.modules)\n"
    )
    seen = types.ModuleType("seen")
    monkeypatch.setitem(sys.modules, "seen", seen)
    monkeypatch.syspath_prepend(tmp_path)
    stock.main(["stock_example", "--config", "a.yaml"])
    assert seen.value == (["--config", "a.yaml"], True)


@pytest.mark.parametrize("arguments", [[], ["--config", "a.yaml"]])
def test_missing_module_is_told(arguments):
    with pytest.raises(SystemExit, match="error: stock: no module given"):
        stock.main(arguments)


def test_unknown_module_is_told():
    with pytest.raises(SystemExit, match="error: espnet2_none.bin.x: is not a module"):
        stock.main(["espnet2_none.bin.x"])


def test_exit_status_of_the_module_is_kept(tmp_path, monkeypatch):
    (tmp_path / "stock_failure.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit) as stop:
        stock.main(["stock_failure"])
    assert stop.value.code == 3
