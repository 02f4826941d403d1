"""Scores of several methods and seeds on disk, as a comparison leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from espnet_kd.fileio import write_lines
from espnet_kd.scoring.align import Counts
from espnet_kd.scoring.se_metrics import METRICS
from espnet_kd.scoring.se_scores import write_scores
from espnet_kd.scoring.wer import COUNTS_FILE, HEADER

from ..se_files import DT_REAL, DT_SIMU, ET_REAL, ET_SIMU

SIMU, REAL = (DT_SIMU, ET_SIMU), (DT_REAL, ET_REAL)
UTTERANCES = 24


def write_se(
    root: Path, system: str, set_name: str, values: Sequence[float], kind: str = "se"
) -> None:
    """Write `scores.tsv` with one value in each utterance for all metrics."""
    scores = {f"u{i:02d}": dict.fromkeys(METRICS, float(value)) for i, value in enumerate(values)}
    write_scores(root / "scores" / kind / system / set_name, scores)


def write_wer(
    root: Path, system: str, set_name: str, errors: Sequence[int], words: Sequence[int]
) -> None:
    """Write `counts.tsv` with as many substitutions in each utterance."""
    pairs = enumerate(zip(errors, words, strict=True))
    rows = [(f"u{i:02d}", *Counts(n - wrong, wrong)) for i, (wrong, n) in pairs]
    path = root / "scores" / "wer" / system / set_name / "wer" / COUNTS_FILE
    write_lines(path, ["\t".join(map(str, row)) for row in (HEADER, *rows)])


def write_system(
    root: Path, system: str, level: float, wrong: float, offset: float = 0.0, truth: bool = False
) -> None:
    """Write a believable system: hard utterances are hard for all, the rest is its own.

    Args:
        root: of the comparison.
        system: its name.
        level: mean score.
        wrong: share of wrong words.
        offset: what its seed adds to every score.
        truth: score the real sets against true images, too.
    """
    own = np.random.default_rng([ord(letter) for letter in system if letter.isalnum()])
    for number, name in enumerate((*SIMU, *REAL)):
        shared = np.random.default_rng(number)
        hard, words = shared.normal(0, 3, UTTERANCES), shared.integers(5, 15, UTTERANCES)
        scores = level + offset + hard + own.normal(0, 0.3, UTTERANCES)
        if name in SIMU:
            write_se(root, system, name, scores)
            continue
        write_wer(root, system, name, own.binomial(words, wrong), words)
        if truth:
            write_se(root, system, name, scores, "truth")
