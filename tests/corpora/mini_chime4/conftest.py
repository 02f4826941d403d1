from pathlib import Path
from types import SimpleNamespace

import pytest

from espnet_kd.corpora.mini_chime4 import build
from espnet_kd.corpora.mini_chime4.scales import SCALES, Scale

NANO = Scale(simu=6, simu_speakers=2, real=2, dev=1, test=1, backgrounds=4, background_seconds=8.0)


@pytest.fixture(scope="session", autouse=True)
def nano_scale():
    """Offer a scale smaller than any published one."""
    SCALES["nano"] = NANO
    yield
    del SCALES["nano"]


@pytest.fixture(scope="session")
def nano(nano_scale, tmp_path_factory) -> SimpleNamespace:
    """A corpus with its true images and its isolated_ext; not to be changed."""
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
