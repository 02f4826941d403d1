"""Write CHiME-4's set directories: lengths, references, what is left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from espnet_kd.corpora.chime4 import (
    TRACK,
    Utterance,
    clean_set,
    to_tables,
    track_set,
    training_set,
)
from espnet_kd.corpora.chime4_tree import Chime4Tree
from espnet_kd.corpora.failing import failing_microphones
from espnet_kd.corpora.simulated_references import ReferenceOptions, find_references
from espnet_kd.data.audio import SAMPLE_RATE, scan_lengths, scan_present
from espnet_kd.data.kaldi_dir import check_audio, write_set
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_changed


@dataclass(frozen=True)
class Preparation:
    """Options of a run; see `espnet_kd.bin.prepare_chime4`."""

    tree: Chime4Tree
    out: Path
    references: ReferenceOptions
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
            UserError: whatever is wrong with the corpus, the first of it.
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
        utterances, lengths = self._present(name, wanted)
        table = self.out / name / "references.tsv"
        references = find_references(self.tree, part, utterances, self.references, table)
        self._leave_out(name, references.left_out)
        pairs = zip(utterances, lengths, strict=True)
        kept = [(u, n) for u, n in pairs if u.id not in references.left_out]
        self._finish(name, [u for u, _ in kept], [n for _, n in kept], references.paths)

    def _write_real_training(self) -> None:
        name = f"tr05_real_{TRACK}"
        utterances = list(training_set(self.tree, "real", self.channels))
        if self.drop_failing:
            failing = failing_microphones(self.tree, self._local("tr05_real_levels"), self.nj)
            broken = [u for u in utterances if (u.name, u.channel) in failing]
            counts = Counter(u.channel for u in broken)
            each = ", ".join(f"CH{channel} {counts[channel]}" for channel in self.channels)
            print(f"{name}: {len(broken)} failing microphones left out ({each})")
            self._leave_out(name, {u.id: failing[u.name, u.channel] for u in broken})
            utterances = [u for u in utterances if (u.name, u.channel) not in failing]
        self._write(name, utterances)

    def _write(self, name: str, utterances: Iterable[Utterance]) -> None:
        self._finish(name, *self._present(name, utterances))

    def _present(
        self, name: str, utterances: Iterable[Utterance]
    ) -> tuple[list[Utterance], list[int]]:
        """Utterances and their lengths; absent files are left out only if that is allowed."""
        wanted = list(utterances)
        if not wanted:
            raise UserError(
                self.tree.data / "annotations", f"name no utterance of {name}", "restore them"
            )
        scan = scan_present if self.allow_partial else scan_lengths
        lengths = scan([str(u.wav) for u in wanted], self.nj, f"{name} headers")
        found = [(u, n) for u, n in zip(wanted, lengths, strict=True) if n is not None]
        if len(found) < len(wanted):
            print(
                f"{name}: {len(wanted) - len(found)} of {len(wanted)} audio files missing, left out"
            )
            pairs = zip(wanted, lengths, strict=True)
            self._leave_out(name, {u.id: "audio file is missing" for u, n in pairs if n is None})
        if not found:
            raise UserError(
                wanted[0].wav.parent, f"no audio of {name} is there", "restore the corpus"
            )
        return [u for u, _ in found], [n for _, n in found]

    def _finish(
        self,
        name: str,
        utterances: Sequence[Utterance],
        lengths: Sequence[int],
        references: dict[str, Path] | None = None,
    ) -> None:
        tables = to_tables(utterances, lengths, references)
        if references is not None or self.check_audio:
            check_audio(self.out / name, tables, self.nj, samples=self.check_audio)
        write_set(self.out / name, tables)
        self.counts[name] = Counter(u.environment for u in utterances)
        self.hours[name] = sum(lengths) / SAMPLE_RATE / 3600
