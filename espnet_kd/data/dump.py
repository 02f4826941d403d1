"""Derive dump/raw/<set> from data/<set>: length limits and speed factors; no audio is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter

from espnet_kd.data.rows import Row
from espnet_kd.data.speed import perturbed_length
from espnet_kd.errors import UserError

# Begins the ids of a copy at another speed. Without a point, it may be a speaker named "sp1".
SPEED_PREFIX = re.compile(r"sp\d+\.\d+-")


@dataclass
class Within:
    """The utterances with more than `shortest` and fewer than `longest` samples (ESPnet's rule).

    Attributes:
        rows: rows to choose from; read once.
        shortest, longest: limits in samples, exclusive.
        seen, kept: number of rows read and kept so far.
    """

    rows: Iterable[Row]
    shortest: float
    longest: float
    seen: int = 0
    kept: int = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            self.seen += 1
            if self.shortest < int(row[1]["utt2num_samples"]) < self.longest:
                self.kept += 1
                yield row


def with_speeds(read: Callable[[], Iterable[Row]], factors: Iterable[float]) -> Iterator[Row]:
    """Return each utterance once per factor: same audio path, with the factor in `utt2speed`.

    Utterance and speaker ids get ESPnet's prefix `sp<factor>-` unless the factor is 1.

    Args:
        read: returns the rows of a set in C order; called once per factor.
        factors: speeds.

    Returns:
        Rows in C order.

    Raises:
        UserError: an utterance is such a copy itself.
    """
    return merge(*(_at_speed(read(), factor) for factor in factors), key=itemgetter(0))


def _at_speed(rows: Iterable[Row], factor: float) -> Iterator[Row]:
    prefix = "" if factor == 1 else f"sp{factor}-"
    for utterance, values in rows:
        if SPEED_PREFIX.match(utterance):
            raise UserError(
                f"utterance '{utterance}'",
                "is a copy at another speed",
                "leave the copies out, or give --speed_perturb_factors 1.0",
            )
        length = perturbed_length(int(values["utt2num_samples"]), factor)
        changed = {
            "utt2spk": prefix + values["utt2spk"],
            "utt2num_samples": str(length),
            "utt2speed": str(factor),
        }
        yield prefix + utterance, {**values, **changed}
