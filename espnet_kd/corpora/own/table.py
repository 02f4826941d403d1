"""Write the set directories of your own corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from espnet_kd.corpora.chime4.counts import counts_table
from espnet_kd.corpora.chime4.microphones import failing_by_level, level
from espnet_kd.corpora.own.contents import check_contents
from espnet_kd.corpora.own.order import ordered_ids
from espnet_kd.corpora.own.recordings import PARTS, Recording
from espnet_kd.data.audio import SAMPLE_RATE, scan_lengths
from espnet_kd.data.channels import FILE, write_channels
from espnet_kd.data.convert import other_format, write_copy
from espnet_kd.data.kaldi_dir import check_audio, write_set
from espnet_kd.data.parallel import parallel_map
from espnet_kd.data.transcripts import lower
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_columns

PURPOSES = {
    "train": "models are trained on it",
    "valid": "the best epochs are chosen on it",
    "test": "the tables report on it",
}
NEEDED = {
    "SIMU": "noisy audio with clean references",
    "REAL": "noisy audio without references",
}


@dataclass(frozen=True)
class OwnCorpus:
    """Sets to write; see `espnet_kd.bin.prepare_own`.

    Attributes:
        recordings: all recordings of the corpus.
        out: directory for `<part>_{simu,real,clean}/` and `noise.scp`.
        copies: folder for 16-kHz 16-bit copies; if None, audio in another format is an error.
        noise: folder of background recordings, or None.
        check_samples: also read all audio; silence is then an error.
        nj: number of processes.
    """

    recordings: list[Recording]
    out: Path
    copies: Path | None = None
    noise: Path | None = None
    check_samples: bool = False
    nj: int = 1

    def write(self) -> str:
        """Write the sets.

        Returns:
            A table of what was written.

        Raises:
            UserError: the first fault found in the corpus.
        """
        sets = group(ordered_ids(self.recordings))
        for name, recordings in sets.items():  # faults are told before anything is written
            group_sessions(recordings)
            if not name.startswith("train"):  # these are scored with sclite
                _check_case(recordings)
        noise = self._noise()
        audio = dict.fromkeys(path for r in self.recordings for path in r.files)
        formats = self._formats({*audio, *noise.values()})
        check_contents(self.recordings, self.nj)
        paths = self._readable(formats)
        counts, hours = {}, {}
        for name, recordings in sets.items():
            lengths = self._write_set(name, recordings, paths)
            counts[name] = Counter(r.category for r in recordings)
            hours[name] = sum(lengths) / SAMPLE_RATE / 3600
        if noise:
            write_columns(self.out / "noise.scp", {n: paths[path] for n, path in noise.items()})
        else:  # remove that of an earlier run
            (self.out / "noise.scp").unlink(missing_ok=True)
        return counts_table(counts, hours)

    def _noise(self) -> dict[str, str]:
        if self.noise is None:
            print("no --noise: without background recordings latent_mixup cannot be trained")
            return {}
        suffixes = {".wav", ".flac"}
        files = sorted(p for p in self.noise.rglob("*") if p.suffix.lower() in suffixes)
        if not files:
            raise UserError(
                self.noise, "has no wav or flac file", "name the folder of noise recordings"
            )
        inside = [file.relative_to(self.noise) for file in files]
        names = ["_".join(path.with_suffix("").parts) for path in inside]
        if len(set(names)) < len(names):  # such as a.wav and a.flac, or sub/b.wav and sub_b.wav
            names = [path.as_posix() for path in inside]
        found = {name: str(file.absolute()) for name, file in zip(names, files, strict=True)}
        for name in found:
            if any(map(str.isspace, name)):
                raise UserError(found[name], "has white space in its name", "rename it")
        return found

    def _formats(self, paths: Collection[str]) -> dict[str, str]:
        """Return how each file differs from 16-kHz 16-bit wav or flac, or ""; sorted by path."""
        ordered = sorted(paths)
        formats = list(parallel_map(other_format, ordered, self.nj, "headers", chunk=512))
        return dict(zip(ordered, formats, strict=True))

    def _readable(self, formats: Mapping[str, str]) -> dict[str, str]:
        """Return the path to read for each file: itself or its copy."""
        others = [path for path, found in formats.items() if found]
        if not others:
            return {path: path for path in formats}
        if self.copies is None:
            raise UserError(
                others[0],
                f"is {formats[others[0]]} ({len(others)} such files), not 16-kHz 16-bit wav or "
                "flac",
                "convert it, or write copies with --resample true",
            )
        copies = {path: self.copies.absolute() / f"{path.lstrip('/')}.wav" for path in others}
        clipped = parallel_map(_write_copy, list(copies.items()), self.nj, "copies", chunk=16)
        several = [path for path, count in zip(copies, clipped, strict=True) if count]
        print(f"{self.copies}: 16-kHz 16-bit copies of {len(copies)} files")
        if several:
            print(f"{self.copies}: {len(several)} of them are clipped, first that of {several[0]}")
        return {path: str(copies.get(path, path)) for path in formats}

    def _write_set(
        self, name: str, recordings: list[Recording], paths: dict[str, str]
    ) -> list[int]:
        scan = partial(scan_lengths, nj=self.nj, title=f"{name} headers")
        lengths = list(scan(paths[r.audio] for r in recordings))
        tables = {
            "wav.scp": {r.id: paths[r.audio] for r in recordings},
            "text": {r.id: r.text for r in recordings},
            "utt2spk": {r.id: r.speaker for r in recordings},
            "utt2category": {r.id: r.category for r in recordings},
            "utt2num_samples": {
                r.id: str(length) for r, length in zip(recordings, lengths, strict=True)
            },
        }
        if recordings[0].reference:
            tables["spk1.scp"] = {r.id: paths[r.reference] for r in recordings}
        sessions = group_sessions(recordings)
        check_lengths(sessions, {r.id: n for r, n in zip(recordings, lengths, strict=True)})
        check_audio(self.out / name, tables, self.nj, samples=self.check_samples)
        write_set(self.out / name, tables)
        if recordings[0].category == "REAL":
            self._write_channels(name, sessions, paths)
        return lengths

    def _write_channels(
        self, name: str, sessions: list[list[Recording]], paths: dict[str, str]
    ) -> None:
        """Write which recordings are channels of one session, unless no session is named."""
        if not any(len(members) > 1 for members in sessions):
            (self.out / name / FILE).unlink(missing_ok=True)  # that of an earlier run
            return
        files = [paths[r.audio] for members in sessions for r in members]
        levels = dict(
            zip(files, parallel_map(level, files, self.nj, f"{name} levels"), strict=True)
        )
        found = []
        for members in sessions:
            own = {r.id: paths[r.audio] for r in members}
            by_number = dict(enumerate(levels[path] for path in own.values()))
            failing = failing_by_level(by_number)
            usable = [path for number, path in enumerate(own.values()) if number not in failing]
            for number, reason in failing.items():
                print(f"{name}: {members[number].id} is not combined with other channels: {reason}")
            found += [({utterance: path}, usable) for utterance, path in own.items()]
        found.sort(key=lambda pair: min(pair[0]))
        write_channels(self.out / name, found)


def _check_case(recordings: Iterable[Recording]) -> None:
    """Reject ids that sclite confuses; otherwise the scoring would, after all trainings."""
    seen: dict[str, Recording] = {}
    for recording in recordings:
        other = seen.setdefault(lower(recording.id), recording)
        if other is not recording:
            raise UserError(
                recording.place,
                f"id '{recording.id}' differs only in case from '{other.id}' ({other.place}), "
                "which sclite ignores",
                "rename one",
            )


def _write_copy(job: tuple[str, Path]) -> int:
    return write_copy(*job)


def group_sessions(recordings: Iterable[Recording]) -> list[list[Recording]]:
    """Return the recordings of each session; one without a session is alone in its own.

    Raises:
        UserError: the channels of a session have different texts or speakers.
    """
    sessions: dict[str, list[Recording]] = {}
    for recording in recordings:
        sessions.setdefault(recording.session or f"\t{recording.id}", []).append(recording)
    for name, (first, *others) in sessions.items():
        for other in others:
            for what in ("text", "speaker"):
                if getattr(other, what) != getattr(first, what):
                    raise UserError(
                        other.place,
                        f"is in session '{name}' with {first.place}, but its {what} differs",
                        "correct the session or the " + what,
                    )
    return list(sessions.values())


def check_lengths(sessions: Iterable[list[Recording]], lengths: Mapping[str, int]) -> None:
    """Reject sessions whose channels differ in length.

    Args:
        sessions: recordings of each session.
        lengths: number of samples of each recording, by id.

    Raises:
        UserError: names the first channel that differs from the first one of its session.
    """
    for first, *others in sessions:
        for other in others:
            if lengths[other.id] != lengths[first.id]:
                raise UserError(
                    other.place,
                    f"has {lengths[other.id]} samples, but {first.place}, of the same session "
                    f"'{first.session}', has {lengths[first.id]}",
                    "cut the channels to the same samples, or give them no session",
                )


def group(recordings: Iterable[Recording]) -> dict[str, list[Recording]]:
    """Return the recordings of each set, `train_simu` to `test_clean`, sorted by id.

    A part without CLEAN recordings gets the clean references of its SIMU ones, each once.

    Raises:
        UserError: an id appears twice in a set, audio is in two parts, or a part has no SIMU
            recordings, or no REAL ones although another part has.
    """
    by_kind: dict[tuple[str, str], dict[str, Recording]] = {}
    part_of: dict[str, Recording] = {}
    for recording in recordings:
        members = by_kind.setdefault((recording.part, recording.category), {})
        other = members.setdefault(recording.id, recording)
        if other is not recording:
            raise UserError(
                recording.place, f"id '{recording.id}' is also that of {other.place}", "rename one"
            )
        for path in recording.files:
            first = part_of.setdefault(path, recording)
            if first.part != recording.part:
                raise UserError(
                    recording.place,
                    f"{path} is in part '{recording.part}', but also in '{first.part}' "
                    f"({first.place})",
                    "keep it in one part",
                )
    sets = {}
    needed = dict(NEEDED)
    if not any((part, "REAL") in by_kind for part in PARTS):
        del needed["REAL"]
        print("no REAL recordings: run the recipe with --real false")
    for part in PARTS:
        for category, what in needed.items():
            if (part, category) not in by_kind:
                raise UserError(
                    "table and directories",
                    f"have no {category} recordings ({what}) in part '{part}'",
                    f"add some: {PURPOSES[part]}",
                )
            sets[f"{part}_{category.lower()}"] = by_kind[part, category]
        clean = by_kind.get((part, "CLEAN"))
        if clean is None:
            clean = _references(by_kind[part, "SIMU"].values())
            print(f"{part}_clean: no CLEAN recordings, using the references of {part}_simu")
        sets[f"{part}_clean"] = clean
    return {name: [members[id_] for id_ in sorted(members)] for name, members in sets.items()}


def _references(simulated: Iterable[Recording]) -> dict[str, Recording]:
    clean: dict[str, Recording] = {}
    for recording in sorted(simulated, key=lambda r: r.id):
        clean.setdefault(
            recording.reference,
            replace(
                recording,
                name=recording.name.removesuffix("_SIMU"),
                audio=recording.reference,
                reference="",
                category="CLEAN",
            ),
        )
    return {recording.id: recording for recording in clean.values()}
