"""Speech quality without a reference, as listeners' ratings are predicted."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.errors import UserError

DNSMOS = {
    "ovrl_mos": "DNSMOS OVRL",
    "sig_mos": "DNSMOS SIG",
    "bak_mos": "DNSMOS BAK",
    "p808_mos": "DNSMOS P.808",
}


def dnsmos(samples: np.ndarray) -> dict[str, float]:
    """Return overall, speech and background quality (P.835) and overall quality (P.808), 1 to 5.

    Reddy et al., "DNSMOS P.835: a non-intrusive perceptual objective speech quality metric",
    ICASSP 2022, with the weights of the package speechmos. The scores depend on the level, so it is
    best to give signals of equal level.

    Args:
        samples: (T,) at 16 kHz, in [-1, 1].

    Raises:
        UserError: speechmos is not installed.
    """
    scores = _package().run(np.clip(samples, -1.0, 1.0).astype(np.float32), sr=SAMPLE_RATE)
    return {name: float(scores[name]) for name in DNSMOS}


@cache
def _package() -> ModuleType:
    try:
        from speechmos import dnsmos as package
    except ImportError:
        raise UserError(
            "speechmos", "is not installed", "pip install 'espnet_kd[judges]'"
        ) from None
    return package
