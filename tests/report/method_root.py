"""Write scores of several methods and seeds in the layout of a comparison directory."""

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
    """Write `scores.tsv`; all metrics of an utterance have the same value."""
    scores = {f"u{i:02d}": dict.fromkeys(METRICS, float(value)) for i, value in enumerate(values)}
    write_scores(root / "scores" / kind / system / set_name, scores)


def write_wer(
    root: Path, system: str, set_name: str, errors: Sequence[int], words: Sequence[int]
) -> None:
    """Write `counts.tsv` with the given substitutions and words of each utterance."""
    pairs = enumerate(zip(errors, words, strict=True))
    rows = [(f"u{i:02d}", *Counts(n - wrong, wrong)) for i, (wrong, n) in pairs]
    path = root / "scores" / "wer" / system / set_name / "wer" / COUNTS_FILE
    write_lines(path, ["\t".join(map(str, row)) for row in (HEADER, *rows)])


def write_system(
    root: Path, system: str, level: float, wrong: float, offset: float = 0.0, truth: bool = False
) -> None:
    """Write realistic scores of a system: hard utterances are hard for all systems.

    Args:
        root: directory of the comparison.
        system: name of the system.
        level: mean score.
        wrong: share of wrong words.
        offset: offset of every score, for the effect of a seed.
        truth: whether to write scores of the real sets against true images as well.
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
