"""Write CHiME-4's set directories: lengths, references, what is left out and why."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
from espnet_kd.corpora.isolated_ext import reference_paths, verify
from espnet_kd.corpora.subtraction import Job, Outcome, make_references
from espnet_kd.data.audio import SAMPLE_RATE, scan_lengths, scan_present
from espnet_kd.data.kaldi_dir import check_audio, write_set
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_changed


@dataclass(frozen=True)
class Preparation:
    """Options of a run; see `espnet_kd.bin.prepare_chime4`."""

    tree: Chime4Tree
    out: Path
    references: Path
    channels: Sequence[int]
    isolated_ext: Path | None = None
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
        self._write_simulated_training()
        self._write_real_training()
        for part in ("dt05", "et05"):
            for kind in ("simu", "real"):
                self._write_track(part, kind)
        self._write("tr05_orig_clean", clean_set(self.tree, "tr05_org"))
        for part in ("dt05", "et05"):
            self._write(f"{part}_bth", clean_set(self.tree, f"{part}_bth"))
        rows = [("set", "utterance", "reason"), *self.left_out]
        write_changed(self._local("left_out.tsv"), "".join("\t".join(row) + "\n" for row in rows))

    def _local(self, name: str) -> Path:
        return self.out / "local" / name

    def _leave_out(self, name: str, reasons: Mapping[str, str]) -> None:
        self.left_out.extend((name, utterance, reason) for utterance, reason in reasons.items())

    def _write_simulated_training(self) -> None:
        name = f"tr05_simu_{TRACK}"
        utterances, lengths = self._present(name, training_set(self.tree, "simu", self.channels))
        paths = {u.id: self._reference_path(u) for u in utterances}
        jobs = _jobs(self.tree, utterances, paths)
        results = parallel_map(make_references, jobs, self.nj, f"{name} references", chunk=4)
        outcomes = list(results)
        failed = {outcome.name: outcome for outcome in outcomes if outcome.problem}
        if failed and not self.allow_partial:
            first = next(iter(failed.values()))
            raise UserError(
                self.tree.data / "annotations/tr05_simu.json",
                f"{len(failed)} of {len(jobs)} utterances give no reference, first "
                f"'{first.name}': {first.problem}",
                "mend the corpus, or leave them out with --allow_partial true",
            )
        _report_references(name, outcomes)
        reasons = {u.id: failed[u.name].problem for u in utterances if u.name in failed}
        self._leave_out(name, reasons)
        kept = [(u, n) for u, n in zip(utterances, lengths, strict=True) if u.name not in failed]
        self._finish(name, [u for u, _ in kept], [n for _, n in kept], paths)

    def _reference_path(self, utterance: Utterance) -> Path:
        folder = f"tr05_{utterance.environment.lower()}_simu"
        file = f"{utterance.name}.CH{utterance.channel}.wav"
        return Path(os.path.abspath(self.references)) / folder / file

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

    def _write_track(self, part: str, kind: str) -> None:
        name = f"{part}_{kind}_{TRACK}"
        utterances, lengths = self._present(name, track_set(self.tree, part, kind))
        references = None
        if kind == "simu" and self.isolated_ext is None:
            print(f"{name}: no spk1.scp, references need --isolated_ext")
        elif kind == "simu":
            references = reference_paths(self.isolated_ext, part, utterances)
            verified = verify(utterances, references, self.nj)
            print(f"{name}: {verified} of {len(utterances)} references verified against noise")
        self._finish(name, utterances, lengths, references)

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


def _jobs(
    tree: Chime4Tree, utterances: Sequence[Utterance], references: dict[str, Path]
) -> list[Job]:
    channels: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        channels.setdefault(utterance.name, []).append(utterance)
    return [_job(tree, group, references) for group in channels.values()]


def _job(tree: Chime4Tree, group: Sequence[Utterance], references: dict[str, Path]) -> Job:
    entry, name = group[0].entry, group[0].name
    try:
        start, stop = (
            round(float(entry[f"noise_{end}"]) * SAMPLE_RATE) for end in ("start", "end")
        )
        noise = entry["noise_wavfile"]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            tree.data / "annotations/tr05_simu.json",
            f"utterance '{name}' has no usable noise segment ({error})",
            "restore its fields noise_wavfile, noise_start, noise_end",
        ) from None
    original = "_".join([*name.split("_")[:2], "ORG.wav"])
    return Job(
        name=name,
        original=tree.audio / "isolated/tr05_org" / original,
        noisy=tuple(u.wav for u in group),
        background=tuple(tree.audio / f"backgrounds/{noise}.CH{u.channel}.wav" for u in group),
        references=tuple(references[u.id] for u in group),
        start=start,
        stop=stop,
    )


def _report_references(name: str, outcomes: Sequence[Outcome]) -> None:
    made = [outcome for outcome in outcomes if outcome.made]
    offsets = Counter(outcome.offset for outcome in made)
    clipped = [outcome.name for outcome in made if outcome.clipped]
    failed = [outcome for outcome in outcomes if outcome.problem]
    print(
        f"{name}: references of {len(made)} utterances made, "
        f"{len(outcomes) - len(made) - len(failed)} there already, {len(failed)} failed; "
        f"segment offsets {dict(sorted(offsets.items()))} samples; {len(clipped)} clipped"
    )
    for outcome in failed:
        print(f"{name}: left out '{outcome.name}': {outcome.problem}")
    if clipped:
        print(f"{name}: clipped, references are off there: {' '.join(clipped[:10])} ...")
