"""Prepare ESPnet before any test module imports it, and turn off compilation, which is slow."""

from __future__ import annotations

import pytest

from espnet_kd import host

host.prepare()

from espnet_kd.enh.fast import execution  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _no_compiler():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "compiler_works", lambda device: False)
        patch.setenv("TORCHDYNAMO_DISABLE", "1")  # for subprocesses
        yield
