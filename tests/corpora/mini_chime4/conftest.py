from pathlib import Path
from types import SimpleNamespace

import pytest

from espnet_kd.corpora.mini_chime4 import build
from espnet_kd.corpora.mini_chime4.scales import SCALES, Scale

NANO = Scale(simu=6, simu_speakers=2, real=2, dev=1, test=1, backgrounds=4, background_seconds=8.0)


@pytest.fixture(scope="session", autouse=True)
def nano_scale():
    """Add a scale that is smaller than all others."""
    SCALES["nano"] = NANO
    yield
    del SCALES["nano"]


@pytest.fixture(scope="session")
def nano(nano_scale, tmp_path_factory) -> SimpleNamespace:
    """Build a corpus with true images and isolated_ext; tests must not change it."""
    base: Path = tmp_path_factory.mktemp("nano")
    request = build.Request(
        base / "corpus", "nano", seed=3, truth_dir=base / "truth", isolated_ext=base / "ext"
    )
    data = build.build(request)
    return SimpleNamespace(
        request=request,
        data=data,
        audio=data / "audio" / "16kHz",
        truth=base / "truth",
        ext=base / "ext",
    )
