"""Join several systems' versions of several sets into one set, for decoding or training.

A recognizer takes seconds to start, so all test sets of all systems are decoded in one run. The
utterance `F01_050C0101_BUS_REAL` of part `student.et05` is called `student.et05.F01_...`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.data.kaldi_dir import Tables, read_set
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, read_paths, write_columns

# References, speeds and alignments belong to the original audio, not to a system's output.
LEFT_OUT = ("spk1.scp", "utt2speed", "align")


@dataclass(frozen=True)
class Part:
    """One system's version of a set.

    Attributes:
        system: e.g. `noisy`, `student`; no dot.
        set_dir: set directory; its name has no dot.
        wav_scp: the system's audio; None for the set's own audio.
    """

    system: str
    set_dir: str
    wav_scp: str | None = None

    @property
    def prefix(self) -> str:
        """Prefix of the part's utterance and speaker ids."""
        return f"{self.system}.{Path(self.set_dir).name}."


def join_parts(parts: Sequence[Part]) -> Tables:
    """Return the tables of one set that contains all parts, with `Part.prefix` before each id.

    Raises:
        UserError: a part appears twice, a name has a dot, or the ids of a system's audio differ
            from those of the set.
    """
    seen: set[str] = set()
    tables = []
    for part in parts:
        if part.prefix.count(".") != 2 or part.prefix in seen:
            raise UserError(
                "--part", f"'{part.prefix}' is repeated or has a dot in a name", "rename it"
            )
        seen.add(part.prefix)
        tables.append(_prefixed(part))
    names = set.intersection(*(set(table) for table in tables))
    return {name: {k: v for table in tables for k, v in table[name].items()} for name in names}


def _prefixed(part: Part) -> Tables:
    tables = read_set(part.set_dir)
    if part.wav_scp:
        audio = read_paths(part.wav_scp)
        if different := audio.keys() ^ tables["wav.scp"].keys():
            raise UserError(
                part.wav_scp,
                f"'{min(different)}' is not in both this list and {part.set_dir} "
                f"({len(different)} differ)",
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
    """Write `keys.1.scp` to `keys.<count>.scp`: splits of `wav.scp` of about equal duration.

    If there are fewer utterances than `count`, there is one file per utterance, because ESPnet
    cannot read an empty one.
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
    """Split the recognized text of a joint set by system and set.

    Args:
        files: recognized text of the splits, `<system>.<set>.<utterance> WORDS`.

    Returns:
        (system, set) -> utterance id -> words.

    Raises:
        UserError: an id does not have this form or is in two files.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for file in files:
        for key, words in read_columns(file).items():
            system, set_name, utterance = (*key.split(".", 2), "", "")[:3]
            if not utterance:
                raise UserError(
                    file, f"id '{key}' is not <system>.<set>.<utterance>", "decode a joint set"
                )
            texts = found.setdefault((system, set_name), {})
            if utterance in texts:
                raise UserError(file, f"id '{key}' is also in another split", "decode again")
            texts[utterance] = words
    return found
