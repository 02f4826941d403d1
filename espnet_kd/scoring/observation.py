"""Choose the weight of observation adding on the development sets.

Error counts are in `<root>/<system>/<weight>/<set>/{wer,cer}/counts.tsv`, those of noisy speech in
`<root>/noisy/0/`, which is every system's speech at weight 0. Character errors decide: with greedy
decoding, a weak recognizer gets nearly every word wrong, and its WER says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.scoring.wer import COUNTS_FILE, read_counts

NOISY = ("noisy", "0")


def choose_weight(root: str | os.PathLike, system: str, sets: Sequence[str]) -> str:
    """Return the weight with the lowest CER over all characters of the sets; "0" for noisy speech.

    Of equally good weights, it is the one that enhances most: constants are tried from 1 downward.

    Raises:
        UserError: the sets were not scored.
    """
    rates = rates_by_weight(root, system, sets, "cer")
    return min(reversed(rates), key=lambda weight: rates[weight][-1])


def rates_by_weight(
    root: str | os.PathLike, system: str, sets: Sequence[str], unit: str
) -> dict[str, list[float]]:
    """Return error rates by weight: one for each set, and one over all of them.

    Args:
        root: directory with the error counts.
        system: name of the system.
        sets: names of the sets.
        unit: `wer` or `cer`.

    Raises:
        UserError: the sets were not scored.
    """
    root = Path(root)
    weights = sorted(path.name for path in (root / system).glob("*"))
    if not weights:
        raise UserError(root / system, "holds no scores", "run stage 14 again")
    places = {NOISY[1]: root.joinpath(*NOISY), **{w: root / system / w for w in weights}}
    # Weights by the SNR first, then constants from 0 to 1.
    in_order = sorted(places, key=lambda weight: (weight[0].isdigit(), weight))
    return {weight: _rates(places[weight], sets, unit) for weight in in_order}


def _rates(place: Path, sets: Sequence[str], unit: str) -> list[float]:
    errors, words = [], []
    for name in sets:
        path = place / name / unit / COUNTS_FILE
        if not path.exists():
            raise UserError(path, "does not exist", "run stage 14 again")
        counts = read_counts(path).values()
        errors.append(sum(c.errors for c in counts))
        words.append(sum(c.tokens for c in counts))
    return [*(e / w for e, w in zip(errors, words, strict=True)), sum(errors) / sum(words)]
