"""Write CHiME-4's set directories, and list what is left out and why."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, tee
from pathlib import Path

from espnet_kd.corpora.chime4.failing import failing_microphones
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import (
    CHANNELS,
    TRACK,
    Utterance,
    clean_set,
    parse_channels,
    to_rows,
    track_set,
    training_set,
)
from espnet_kd.data.audio import SAMPLE_RATE, scan_lengths, scan_present
from espnet_kd.data.channels import write_channels
from espnet_kd.data.rows import Row, check_row_audio, write_rows
from espnet_kd.data.spool import Spool
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_changed

Present = Spool[tuple[Utterance, int]]  # an utterance and its number of samples


@dataclass(frozen=True)
class References:
    """References of a set.

    Attributes:
        paths: ids and references, in the order of the utterances; None for a set without
            references.
        left_out: ids of utterances without a good reference, and the reasons.
    """

    paths: Collection[tuple[str, str]] | None
    left_out: dict[str, str]


# (tree, part, utterances, table to write) -> references of a simulated set.
FindReferences = Callable[[Chime4Tree, str, Iterable[Utterance], Path], References]


@dataclass(frozen=True)
class Preparation:
    """One run of the preparation; for its options, see `espnet_kd.bin.prepare_chime4`."""

    tree: Chime4Tree
    out: Path
    find_references: FindReferences
    channels: Sequence[int]
    drop_failing: bool = True
    allow_partial: bool = False
    check_audio: bool = False
    nj: int = 1
    counts: dict[str, Counter] = field(default_factory=dict)
    hours: dict[str, float] = field(default_factory=dict)
    left_out: list[tuple[str, str, str]] = field(default_factory=list)

    def run(self) -> None:
        """Write all sets.

        Raises:
            UserError: the first fault found in the corpus.
        """
        self._write_simulated("tr05", training_set(self.tree, "simu", self.channels))
        self._write_real_training()
        for part in ("dt05", "et05"):
            self._write_simulated(part, self._track(part, "simu"))
            self._write(f"{part}_real_{TRACK}", self._track(part, "real"))
        self._write("tr05_orig_clean", clean_set(self.tree, "tr05_org"))
        for part in ("dt05", "et05"):
            self._write(f"{part}_bth", clean_set(self.tree, f"{part}_bth"))
        rows = [("set", "utterance", "reason"), *self.left_out]
        write_changed(self._local("left_out.tsv"), "".join("\t".join(row) + "\n" for row in rows))

    def _track(self, part: str, kind: str) -> Iterator[Utterance]:
        return track_set(self.tree, part, kind, self.allow_partial)

    def _local(self, name: str) -> Path:
        return self.out / "local" / name

    def _leave_out(self, name: str, reasons: Mapping[str, str]) -> None:
        self.left_out.extend((name, utterance, reason) for utterance, reason in reasons.items())

    def _write_simulated(self, part: str, wanted: Iterable[Utterance]) -> None:
        name = f"{part}_simu_{TRACK}"
        present = self._present(name, wanted)
        table = self.out / name / "references.tsv"
        utterances = (u for u, _ in present)
        references = self.find_references(self.tree, part, utterances, table)
        self._leave_out(name, references.left_out)
        kept = Spool(pair for pair in present if pair[0].id not in references.left_out)
        self._finish(name, kept, references.paths)

    def _write_real_training(self) -> None:
        name = f"tr05_real_{TRACK}"
        utterances: Iterable[Utterance] = Spool(training_set(self.tree, "real", self.channels))
        failing: dict[tuple[str, int], str] = {}
        if self.drop_failing:
            failing = failing_microphones(self.tree, self._local("tr05_real_levels"), self.nj)
            broken = [u for u in utterances if (u.name, u.channel) in failing]
            counts = Counter(u.channel for u in broken)
            each = ", ".join(f"CH{channel} {counts[channel]}" for channel in self.channels)
            print(f"{name}: {len(broken)} failing microphones left out ({each})")
            self._leave_out(name, {u.id: failing[u.name, u.channel] for u in broken})
            utterances = (u for u in utterances if (u.name, u.channel) not in failing)
        self._write(name, utterances)
        write_channels(self.out / name, self._sessions(failing))

    def _sessions(
        self, failing: Collection[tuple[str, int]]
    ) -> Iterator[tuple[dict[str, str], list[str]]]:
        """Yield the utterances of each real training recording and its usable channels.

        All microphones of the tablet are used, whichever of them are utterances of the set.
        """
        recordings = training_set(self.tree, "real", parse_channels(CHANNELS))
        for _, group in groupby(recordings, key=lambda u: u.name):
            usable = [
                u for u in group if (u.name, u.channel) not in failing and os.path.exists(u.audio)
            ]
            chosen = {u.id: u.audio for u in usable if u.channel in self.channels}
            yield chosen, [u.audio for u in usable]

    def _write(self, name: str, utterances: Iterable[Utterance]) -> None:
        self._finish(name, self._present(name, utterances))

    def _present(self, name: str, wanted: Iterable[Utterance]) -> Present:
        """Return utterances and their lengths; leave out missing files only if allowed."""
        scan = scan_present if self.allow_partial else scan_lengths
        wanted, copy = tee(wanted)
        lengths = scan((u.audio for u in copy), self.nj, f"{name} headers")
        scanned = Spool(zip(wanted, lengths, strict=True))
        first = next(iter(scanned), None)
        if first is None:
            raise UserError(
                self.tree.data / "annotations", f"list no utterance of {name}", "restore them"
            )
        absent = {u.id: "audio file is missing" for u, n in scanned if n is None}
        if not absent:
            return scanned
        print(f"{name}: {len(absent)} of {len(scanned)} audio files missing, left out")
        self._leave_out(name, absent)
        if len(absent) == len(scanned):
            raise UserError(
                first[0].wav.parent, f"contains no audio of {name}", "restore the corpus"
            )
        return Spool((u, n) for u, n in scanned if n is not None)

    def _finish(
        self,
        name: str,
        present: Present,
        references: Iterable[tuple[str, str]] | None = None,
    ) -> None:
        def rows() -> Iterator[Row]:
            paths = None if references is None else (path for _, path in references)
            return to_rows(present, paths)

        if references is not None or self.check_audio:
            check_row_audio(self.out / name, rows(), self.nj, samples=self.check_audio)
        write_rows(self.out / name, rows())
        self.counts[name] = Counter(u.environment for u, _ in present)
        self.hours[name] = sum(n for _, n in present) / SAMPLE_RATE / 3600
