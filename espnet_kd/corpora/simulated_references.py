"""References of CHiME-4's simulated sets: made, or taken from isolated_ext, judged and told of."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from espnet_kd.corpora.channel_search import with_channels
from espnet_kd.corpora.chime4 import TRACK, Utterance
from espnet_kd.corpora.chime4_tree import Chime4Tree
from espnet_kd.corpora.isolated_ext import compare, reference_paths, verify
from espnet_kd.corpora.noise_segment import NoiseSegment
from espnet_kd.corpora.reference_table import table_text
from espnet_kd.corpora.subtraction import Job, Outcome, make_references
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.parallel import parallel_map
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_changed


@dataclass(frozen=True)
class ReferenceOptions:
    """See `espnet_kd.bin.prepare_chime4`."""

    directory: Path
    isolated_ext: Path | None = None
    take_isolated_ext: bool = True
    leave_out_bad: bool = False
    nj: int = 1


@dataclass(frozen=True)
class References:
    """What a set got.

    Attributes:
        paths: reference by id; None for a set that goes without.
        left_out: why, by id of utterances that have no good one.
    """

    paths: dict[str, Path] | None
    left_out: dict[str, str]


def find_references(
    tree: Chime4Tree,
    part: str,
    utterances: Sequence[Utterance],
    options: ReferenceOptions,
    table: Path,
) -> References:
    """References of tr05, dt05 or et05 simu; what is known of them goes into the file `table`.

    Raises:
        UserError: bad references, unless they may be left out; an isolated_ext that does not fit.
    """
    stem, name = f"{part}_simu", f"{part}_simu_{TRACK}"
    folders = [tree.recordings(stem, u.environment) for u in utterances]
    utterances = with_channels(utterances, folders, options.nj, f"{name} channels")
    external = _external(part, utterances, options)
    reason = _why_none(tree, part, utterances)
    ids = [u.id for u in utterances]
    if reason and external is None:
        print(f"{name}: no references, scored without them: {reason}")
        write_changed(table, table_text(ids, {}, {}, f"none: {reason}"))
        return References(None, {})
    outcomes: dict[str, Outcome] = {}
    if reason is None:
        jobs = _jobs(tree, part, utterances, options.directory)
        made = parallel_map(make_references, jobs, options.nj, f"{name} references", chunk=4)
        outcomes = {outcome.id: outcome for channels in made for outcome in channels}
    ours = _paths(part, utterances, options.directory)
    good = {u: path for u, path in ours.items() if u in outcomes and not outcomes[u].problem}
    distances = compare(good, external or {}, options.nj, f"{name} comparison")
    _report(name, list(outcomes.values()), list(distances.values()))
    # Of tr05 subtraction is exact, and isolated_ext is that of a simulation run once more.
    taken = external is not None and options.take_isolated_ext and part != "tr05"
    method = "isolated_ext" if taken else None
    write_changed(table, table_text(ids, outcomes, distances, method))
    if taken:
        verified = verify(utterances, external, options.nj)
        print(f"{name}: {verified} of {len(utterances)} of isolated_ext verified against noise")
        return References(external, {})
    bad = {u: outcome.problem for u, outcome in outcomes.items() if outcome.problem}
    if bad and not options.leave_out_bad:
        first = next(iter(bad))
        raise UserError(
            table,
            f"{len(bad)} of {len(utterances)} utterances of {name} have no good reference, first "
            f"'{first}': {bad[first]}",
            "mend the corpus, or leave them out with --bad_references leave_out",
        )
    for utterance, problem in bad.items():
        print(f"{name}: bad reference of '{utterance}': {problem}")
    if part != "tr05" and not good:
        print(f"{name}: no good reference at all, scored without them")
        return References(None, {})
    if bad:
        print(f"{name}: {len(bad)} utterances left out for their references")
    return References(good, bad)


def _external(
    part: str, utterances: Sequence[Utterance], options: ReferenceOptions
) -> dict[str, Path] | None:
    """Where isolated_ext has each utterance; the files of tr05 need not be there."""
    if options.isolated_ext is None:
        return None
    if not options.isolated_ext.is_dir():
        raise UserError(
            options.isolated_ext, "is no directory", "set ISOLATED_EXT in db.sh, or leave it empty"
        )
    return reference_paths(options.isolated_ext, part, utterances)


def _why_none(tree: Chime4Tree, part: str, utterances: Sequence[Utterance]) -> str | None:
    """Why references of a set cannot be made; None if they can."""
    if part == "tr05":
        return None
    if not (tree.audio / "embedded").is_dir():
        return f"{tree.audio / 'embedded'} is not there, nor --isolated_ext given"
    unknown = [u.name for u in utterances if u.channel is None]
    if unknown:
        return f"the channel of '{unknown[0]}' is unknown without {part}_simu_1ch_track.list"
    return None


def _paths(part: str, utterances: Sequence[Utterance], directory: Path) -> dict[str, Path]:
    root = Path(os.path.abspath(directory))
    return {
        u.id: root / f"{part}_{u.environment.lower()}_simu" / f"{u.name}.CH{u.channel}.flac"
        for u in utterances
    }


def _jobs(
    tree: Chime4Tree, part: str, utterances: Sequence[Utterance], directory: Path
) -> list[Job]:
    paths = _paths(part, utterances, directory)
    channels: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        channels.setdefault(utterance.name, []).append(utterance)
    return [
        Job(
            ids=tuple(u.id for u in group),
            mixtures=tuple(u.wav for u in group),
            references=tuple(paths[u.id] for u in group),
            noise=_noise(tree, part, group),
            original=_original(tree, part, group[0]),
        )
        for group in channels.values()
    ]


def _original(tree: Chime4Tree, part: str, utterance: Utterance) -> Path:
    stem = "_".join(utterance.name.split("_")[:2])
    if part == "tr05":
        return tree.audio / f"isolated/tr05_org/{stem}_ORG.wav"
    return tree.audio / f"isolated/{part}_bth/{stem}_BTH.CH0.wav"


def _noise(tree: Chime4Tree, part: str, group: Sequence[Utterance]) -> NoiseSegment:
    entry, name = group[0].entry, group[0].name
    try:
        start, stop = (
            round(float(entry[f"noise_{end}"]) * SAMPLE_RATE) for end in ("start", "end")
        )
        stem = tree.audio / ("backgrounds" if part == "tr05" else "embedded")
        stem /= entry["noise_wavfile"]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(
            tree.data / f"annotations/{part}_simu.json",
            f"utterance '{name}' has no usable noise segment ({error})",
            "restore its fields noise_wavfile, noise_start, noise_end",
        ) from None
    recordings = tuple(Path(f"{stem}.CH{u.channel}.wav") for u in group)
    close = None if part == "tr05" else Path(f"{stem}.CH0.wav")
    return NoiseSegment(recordings, start, stop, close)


def _report(name: str, outcomes: Sequence[Outcome], distances: Sequence[float]) -> None:
    if outcomes:
        made = sum(outcome.made for outcome in outcomes)
        bad = sum(outcome.problem is not None for outcome in outcomes)
        measured = [outcome.measures for outcome in outcomes if outcome.measures is not None]
        offsets = Counter(measures.offset for measures in measured)
        residual = median(m.residual_db for m in measured) if measured else float("nan")
        print(
            f"{name}: {made} references made, {len(outcomes) - made - bad} there already, {bad} "
            f"bad; noise offsets {dict(sorted(offsets.items()))} samples; "
            f"{sum(m.clipped > 0 for m in measured)} clipped, where references are off; "
            f"leading silence {residual:.1f} dB re the noise taken away (median)"
        )
        unchecked = sum(math.isnan(m.correlation) for m in measured)
        if unchecked:
            print(
                f"{name}: {unchecked} references have no original, so that only the weight of "
                "their noise was checked"
            )
    if distances:
        print(
            f"{name}: SI-SNR to isolated_ext {median(distances):.1f} dB (median), "
            f"{min(distances):.1f} dB at least, of {len(distances)} utterances"
        )
