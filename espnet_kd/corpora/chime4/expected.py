"""What a corpus should contain: CHiME-4's published counts, or those in the corpus's own file."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_text, write_text

COUNTS_FILE = "counts.json"  # next to `data`, in a corpus that is not CHiME-4
ALL = "ALL"  # instead of an environment, where only the total is known


@dataclass(frozen=True)
class Expected:
    """Expected counts of a corpus.

    Attributes:
        utterances: by set (`tr05_simu`) and environment.
        backgrounds: number of files in `backgrounds`, one per channel.
        embedded: number of files in `embedded`; None if unknown.
        words: number of reference words by set, without `<NOISE>`.
    """

    utterances: Mapping[str, Mapping[str, int]]
    backgrounds: int
    embedded: int | None
    words: Mapping[str, int]


def _each(count: int) -> dict[str, int]:
    return dict.fromkeys(("BUS", "CAF", "PED", "STR"), count)


# Sources: the file counts in the CHiME-4 recipes of ESPnet and Kaldi; for the backgrounds, the
# public package of CHiME-3's background noise; for the words, ESPnet's published result tables.
CHIME4 = Expected(
    utterances={
        "tr05_simu": {"BUS": 1728, "CAF": 1794, "PED": 1765, "STR": 1851},
        "tr05_real": {ALL: 1600},
        "dt05_simu": _each(410),
        "dt05_real": _each(410),
        "et05_simu": _each(330),
        "et05_real": _each(330),
        "tr05_org": {"ORG": 7138},
        "tr05_bth": {"BTH": 399},
        "dt05_bth": {"BTH": 410},
        "et05_bth": {"BTH": 330},
    },
    backgrounds=102,
    embedded=None,
    words={"dt05_simu": 27120, "dt05_real": 27119, "et05_simu": 21416, "et05_real": 21409},
)


def write_expected(root: str | os.PathLike, expected: Expected) -> None:
    """Write the expected counts of a corpus next to its `data`."""
    text = json.dumps(dataclasses.asdict(expected), indent=2)
    write_text(Path(root) / COUNTS_FILE, text + "\n")


def read_expected(root: str | os.PathLike) -> tuple[Expected, str]:
    """Return the expected counts of the corpus below `root`, and where they come from.

    Args:
        root: directory that holds `data`.

    Raises:
        UserError: the corpus's own counts are malformed.
    """
    path = Path(root) / COUNTS_FILE
    if not path.exists():
        return CHIME4, "the published counts of CHiME-4"
    try:
        expected = Expected(**json.loads(read_text(path)))
        numbers = [n for counts in expected.utterances.values() for n in counts.values()]
        numbers += [expected.backgrounds, expected.embedded or 0, *expected.words.values()]
        if not all(isinstance(number, int) for number in numbers):
            raise TypeError
    except (ValueError, TypeError, AttributeError):
        raise UserError(path, "does not contain the counts of a corpus", "make it again") from None
    return expected, str(path)
