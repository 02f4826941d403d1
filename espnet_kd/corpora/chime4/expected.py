"""What a corpus should hold: CHiME-4's published counts, or those a corpus brings with it."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_text, write_text

COUNTS_FILE = "counts.json"  # beside `data`, in a corpus that is not CHiME-4
ALL = "ALL"  # in place of an environment, where only the sum is known


@dataclass(frozen=True)
class Expected:
    """Counts of a corpus.

    Attributes:
        utterances: by set (`tr05_simu`) and environment.
        backgrounds: recordings in `backgrounds`, each channel a file.
        embedded: files in `embedded`; None: unknown.
        words: reference words of a set, `<NOISE>` not counted.
    """

    utterances: Mapping[str, Mapping[str, int]]
    backgrounds: int
    embedded: int | None
    words: Mapping[str, int]


def _each(count: int) -> dict[str, int]:
    return dict.fromkeys(("BUS", "CAF", "PED", "STR"), count)


# Sources: file counts in ESPnet's and Kaldi's CHiME-4 recipes; backgrounds: the public package of
# CHiME-3's background noise; words: ESPnet's published tables of results.
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
    """Write the counts of a corpus beside its `data`."""
    text = json.dumps(dataclasses.asdict(expected), indent=2)
    write_text(Path(root) / COUNTS_FILE, text + "\n")


def read_expected(root: str | os.PathLike) -> tuple[Expected, str]:
    """Counts of the corpus below `root`, and where they come from.

    Args:
        root: directory that holds `data`.

    Raises:
        UserError: the corpus brings counts that are malformed.
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
        raise UserError(path, "holds no counts of a corpus", "make the corpus again") from None
    return expected, str(path)
