"""One set of many: several systems' versions of several sets, decoded or trained on at once.

A recognizer takes seconds to start, so all test sets of all systems are decoded in one go. The
utterance `F01_050C0101_BUS_REAL` of part `student.et05` is called `student.et05.F01_...`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.data.kaldi_dir import Tables, read_set
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns

# A reference, a speed or an alignment belongs to the original audio, not to each system's.
LEFT_OUT = ("spk1.scp", "utt2speed", "align")


@dataclass(frozen=True)
class Part:
    """A set in the version of one system.

    Attributes:
        system: e.g. `noisy`, `student`; no dot.
        set_dir: set directory; its name has no dot.
        wav_scp: audio of the system; that of the set if None.
    """

    system: str
    set_dir: str
    wav_scp: str | None = None

    @property
    def prefix(self) -> str:
        """What its utterance and speaker ids begin with."""
        return f"{self.system}.{Path(self.set_dir).name}."


def join_parts(parts: Sequence[Part]) -> Tables:
    """Tables of one set that holds all parts, ids prefixed by `Part.prefix`.

    Raises:
        UserError: a part twice, a dot in a name, audio whose ids are not those of the set.
    """
    seen: set[str] = set()
    tables = []
    for part in parts:
        if part.prefix.count(".") != 2 or part.prefix in seen:
            raise UserError("--part", f"'{part.prefix}' stands twice or has dots", "rename it")
        seen.add(part.prefix)
        tables.append(_prefixed(part))
    names = set.intersection(*(set(table) for table in tables))
    return {name: {k: v for table in tables for k, v in table[name].items()} for name in names}


def _prefixed(part: Part) -> Tables:
    tables = read_set(part.set_dir)
    if part.wav_scp:
        audio = read_columns(part.wav_scp)
        if different := audio.keys() ^ tables["wav.scp"].keys():
            raise UserError(
                part.wav_scp,
                f"'{min(different)}' is not both here and in {part.set_dir} "
                f"({len(different)} such)",
                "enhance the set again",
            )
        tables["wav.scp"] = audio
    prefix = part.prefix
    joined = {
        name: {prefix + utterance: value for utterance, value in table.items()}
        for name, table in tables.items()
        if not name.startswith(LEFT_OUT)
    }
    joined["utt2spk"] = {utt: prefix + speaker for utt, speaker in joined["utt2spk"].items()}
    return joined


def write_splits(directory: str | os.PathLike, tables: Tables, count: int) -> None:
    """Write `keys.1.scp` to `keys.<count>.scp`: parts of `wav.scp` of about equal duration.

    There are fewer where utterances are fewer: ESPnet does not read an empty one.
    """
    for old in Path(directory).glob("keys.*.scp"):
        old.unlink()
    lengths = tables["utt2num_samples"]
    longest_first = sorted(lengths, key=lambda utterance: (-int(lengths[utterance]), utterance))
    for number in range(min(count, len(lengths))):
        keys = longest_first[number::count]
        write_columns(
            Path(directory) / f"keys.{number + 1}.scp",
            {key: tables["wav.scp"][key] for key in keys},
        )


def split_hypotheses(files: Sequence[str | os.PathLike]) -> dict[tuple[str, str], dict[str, str]]:
    """Undo the joining for recognized text.

    Args:
        files: recognized text of the splits, `<system>.<set>.<utterance> WORDS`.

    Returns:
        (system, set) -> utterance id -> words.

    Raises:
        UserError: an id that is not of this form, or in two files.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for file in files:
        for key, words in read_columns(file).items():
            system, set_name, utterance = (*key.split(".", 2), "", "")[:3]
            if not utterance:
                raise UserError(file, f"id '{key}' is not <system>.<set>.<utterance>", "join first")
            texts = found.setdefault((system, set_name), {})
            if utterance in texts:
                raise UserError(file, f"id '{key}' is in another split too", "decode again")
            texts[utterance] = words
    return found
