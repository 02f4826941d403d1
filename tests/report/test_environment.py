from __future__ import annotations

import re
from importlib.metadata import version

import numpy

from espnet_kd.report import environment
from espnet_kd.report.environment import environment_block


def test_versions_and_devices():
    block = environment_block()
    assert f"numpy version: `{numpy.__version__}`" in block
    assert f"espnet version: `{version('espnet')}`" in block
    assert re.search(r"CPU: `\S.*`", block) and "GPU: `" in block


def test_outside_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "x.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "Git hash: `not a git checkout`" in environment_block()


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(environment, "PACKAGES", ("no-such-package",))
    assert "no-such-package version: `not installed`" in environment_block()
