"""Compare a corpus in CHiME-4's layout with what it should contain."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from espnet_kd.corpora.chime4.counts import aligned
from espnet_kd.corpora.chime4.expected import ALL, Expected
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import TRACK
from espnet_kd.corpora.wsj.transcripts import NOISE
from espnet_kd.errors import UserError

CHANNELS = tuple(f"CH{n}" for n in range(1, 7))
SINGLE = "single"  # files without a channel in their name: the 1-channel track and WSJ0
COLUMNS = (*CHANNELS, SINGLE)
TRACK_SETS = ("dt05_simu", "dt05_real", "et05_simu", "et05_real")


@dataclass
class Row:
    """One environment of a set, or the whole set.

    Attributes:
        set_name: `tr05_simu`.
        environment: `BUS`, or ALL.
        expected: number of utterances, or None if unknown.
        annotated: number of utterances in the set's JSON.
        files: number of annotated utterances with a recording, by column; columns that do not
            apply are absent.
        absent: the first missing file, by column.
    """

    set_name: str
    environment: str
    expected: int | None
    annotated: int
    files: dict[str, int] = field(default_factory=dict)
    absent: dict[str, Path] = field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """Yield one sentence for each deviation from what is expected."""
        title = f"{self.set_name} {self.environment}"
        if self.expected not in (None, self.annotated):
            yield f"{title}: {self.annotated} utterances annotated, {self.expected} expected"
        for column, path in self.absent.items():
            yield (
                f"{title} {column}: {self.files[column]} of {self.annotated} recordings, "
                f"first missing {path}"
            )


@dataclass
class Report:
    """Result of a check.

    Attributes:
        rows: rows of the table.
        remarks: notes that are worth knowing but are not faults.
        problems: deviations from what is expected, one sentence each.
    """

    rows: list[Row]
    remarks: list[str]
    problems: list[str]

    def table(self) -> str:
        """Return a table with one row per environment and set.

        It counts the expected and annotated utterances, and the recordings by channel.
        """
        lines = [["set", "environment", "expected", "annotated", *COLUMNS]]
        for row in self.rows:
            counts = [row.expected, row.annotated, *(row.files.get(name) for name in COLUMNS)]
            cells = ("-" if count is None else str(count) for count in counts)
            lines.append([row.set_name, row.environment, *cells])
        return aligned(lines, left=2)


def check(tree: Chime4Tree, expected: Expected) -> Report:
    """Count utterances, recordings and reference words without opening any recording.

    Raises:
        UserError: annotations, lists or transcripts cannot be read.
    """
    report = Report([], [], [])
    for set_name, counts in expected.utterances.items():
        environments = _environments(tree, set_name)
        rows = _rows(tree, set_name, counts, environments)
        report.rows += rows
        for row in rows:
            if row.environment != ALL or ALL in counts:
                report.problems += row.problems()
        if set_name in expected.words:
            report.remarks.append(_words(tree, set_name, expected.words[set_name]))
        if set_name in TRACK_SETS:
            report.problems += _list_problems(tree, set_name, environments)
    for folder, count in (("backgrounds", expected.backgrounds), ("embedded", expected.embedded)):
        found = len([name for name in _files(tree.audio / folder) if name.endswith(".wav")])
        wanted = "not checked" if count is None else f"{count} expected"
        sentence = f"{folder}: {found} recordings, {wanted}"
        report.remarks.append(sentence)
        if count not in (None, found):
            report.problems.append(sentence)
    report.remarks.append(_microphones(tree))
    return report


def _microphones(tree: Chime4Tree) -> str:
    correlations = tree.microphone_correlations
    if correlations is None:
        return "no mic_error.csv: failing microphones are identified by level"
    recorded = _environments(tree, "tr05_real").keys()
    named = len(recorded & correlations.keys())
    others = "; failing microphones of the others are identified by level"
    return (
        f"mic_error.csv: names {named} of {len(recorded)} utterances of tr05_real"
        f"{others if named < len(recorded) else ''}"
    )


def _environments(tree: Chime4Tree, set_name: str) -> dict[str, str]:
    """Return the environment of each utterance of a set, by name."""
    # A broken link exists for lexists, so reading it below is an error.
    if not os.path.lexists(tree.data / "annotations" / f"{set_name}.json"):
        return {}
    annotations = tree.sorted_annotations(set_name)
    return {name: sys.intern(entry["environment"]) for name, entry in annotations}


def _rows(
    tree: Chime4Tree, set_name: str, counts: Mapping[str, int], environments: Mapping[str, str]
) -> list[Row]:
    names: dict[str, list[str]] = {environment: [] for environment in counts.keys() - {ALL}}
    for name, environment in environments.items():
        names.setdefault(environment, []).append(name)
    rows = []
    for environment in sorted(names):
        expected = None if ALL in counts else counts.get(environment, 0)
        row = Row(set_name, environment, expected, len(names[environment]))
        _count_files(tree, row, names[environment])
        rows.append(row)
    if len(rows) == 1:
        return rows
    total = Row(set_name, ALL, counts.get(ALL, sum(counts.values())), len(environments))
    for column in COLUMNS:
        if any(column in row.files for row in rows):
            total.files[column] = sum(row.files[column] for row in rows)
    return [*rows, total]


def _count_files(tree: Chime4Tree, row: Row, names: Sequence[str]) -> None:
    folder = tree.recordings(row.set_name, row.environment)
    places = dict.fromkeys(CHANNELS, folder)
    if row.set_name == "tr05_org":
        places = {SINGLE: folder}
    elif row.set_name in TRACK_SETS and (tree.audio / TRACK).is_dir():
        places[SINGLE] = tree.audio / TRACK / folder.name
    present = {place: _files(place) for place in set(places.values())}
    for column, place in places.items():
        suffix = ".wav" if column == SINGLE else f".{column}.wav"
        absent = [name for name in names if name + suffix not in present[place]]
        row.files[column] = len(names) - len(absent)
        if absent:
            row.absent[column] = place / (absent[0] + suffix)


def _files(folder: Path) -> frozenset[str]:
    """Return the names of the files in a folder; a broken link does not count."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(
                entry.name
                for entry in entries
                if entry.is_file(follow_symlinks=False) or os.path.isfile(entry.path)
            )
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        raise UserError(folder, f"cannot be read ({error.strerror})", "restore it") from None


def _words(tree: Chime4Tree, set_name: str, expected: int) -> str:
    annotations = tree.sorted_annotations(set_name)
    texts = (tree.transcript(set_name, name, entry) for name, entry in annotations)
    found = sum(word != NOISE for text in texts for word in text.split())
    verdict = "" if found == expected else ": different sentences or different normalization"
    return f"{set_name}: {found} reference words, {expected} expected{verdict}"


def _list_problems(
    tree: Chime4Tree, set_name: str, environments: Mapping[str, str]
) -> Iterator[str]:
    file = f"{set_name}_1ch_track.list"
    channels = tree.track_channels(set_name)
    if channels is None:
        if not (tree.audio / TRACK).is_dir():
            yield f"neither {file} nor {tree.audio / TRACK} exists"
        return
    unnamed = sorted(environments.keys() - channels.keys())
    if unnamed:
        yield f"{file} does not name {len(unnamed)} utterances, first {unnamed[0]}"
    unknown = sorted(channels.keys() - environments.keys())
    if unknown:
        yield f"{file} names {len(unknown)} unknown utterances, first {unknown[0]}"
    paths = (
        tree.recordings(set_name, environments[name]) / f"{name}.CH{channel}.wav"
        for name, channel in channels.items()
        if name in environments
    )
    absent = [path for path in paths if not path.is_file()]
    if absent:
        yield f"{file} names {len(absent)} missing recordings, first {absent[0]}"
