"""Make the references of CHiME-4's simulated sets, or take them from isolated_ext; report them."""

from __future__ import annotations

import math
import os
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from statistics import median

from espnet_kd.corpora.chime4.channel_search import with_channels
from espnet_kd.corpora.chime4.sets import References
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import TRACK, Utterance
from espnet_kd.corpora.references.isolated_ext import compare, reference_paths, verify
from espnet_kd.corpora.references.noise_segment import NoiseSegment
from espnet_kd.corpora.references.subtraction import Job, Outcome, make_references
from espnet_kd.corpora.references.table import table_lines
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.parallel import parallel_map
from espnet_kd.data.spool import Spool, blocks
from espnet_kd.errors import UserError
from espnet_kd.fileio import write_lines


@dataclass(frozen=True)
class ReferenceOptions:
    """See `espnet_kd.bin.prepare_chime4`."""

    directory: Path
    isolated_ext: Path | None = None
    take_isolated_ext: bool = True
    leave_out_bad: bool = False
    nj: int = 1


def find_references(
    options: ReferenceOptions,
    tree: Chime4Tree,
    part: str,
    utterances: Iterable[Utterance],
    table: Path,
) -> References:
    """Return the references of tr05, dt05 or et05 simu, and list their quality in `table`.

    Args:
        options: where references are stored, and which ones to use.
        tree: the corpus.
        part: `tr05`, `dt05` or `et05`.
        utterances: sorted by id.
        table: file to write.

    Raises:
        UserError: a reference is bad and may not be left out, or isolated_ext does not fit.
    """
    name = f"{part}_simu_{TRACK}"
    utterances = Spool(_with_channels(tree, part, utterances, options.nj))
    theirs = _external(part, utterances, options)
    reason = _why_none(tree, part, utterances)
    ids = (u.id for u in utterances)
    if reason and theirs is None:
        print(f"{name}: no references, so it is scored without them: {reason}")
        write_lines(table, table_lines(ids, (), (), f"none: {reason}"), only_changed=True)
        return References(None, {})
    outcomes = Spool(() if reason else _make(tree, part, utterances, options))
    ours = [] if reason else Spool(_good(part, utterances, outcomes, options.directory))
    distances = Spool(compare(_both(theirs or (), ours), options.nj, f"{name} comparison"))
    _report(name, outcomes, distances)
    # For tr05, subtraction is exact, but isolated_ext comes from another run of the simulation.
    taken = theirs is not None and options.take_isolated_ext and part != "tr05"
    method = "isolated_ext" if taken else None
    found = ((outcome.id, outcome) for outcome in outcomes)
    write_lines(table, table_lines(ids, found, distances, method), only_changed=True)
    if taken:
        verified = verify(theirs, options.nj)
        print(f"{name}: {verified} of {len(utterances)} of isolated_ext verified against noise")
        return References(Spool((u.id, str(path)) for u, path in theirs), {})
    bad = {outcome.id: outcome.problem for outcome in outcomes if outcome.problem}
    if bad and not options.leave_out_bad:
        first = next(iter(bad))
        raise UserError(
            table,
            f"{len(bad)} of {len(utterances)} utterances of {name} have no good reference, first "
            f"'{first}': {bad[first]}",
            "fix the corpus, or leave them out with --bad_references leave_out",
        )
    for utterance, problem in bad.items():
        print(f"{name}: bad reference of '{utterance}': {problem}")
    if part != "tr05" and not ours:
        print(f"{name}: no reference is good, so it is scored without them")
        return References(None, {})
    if bad:
        print(f"{name}: {len(bad)} utterances left out because of bad references")
    return References(ours, bad)


def _with_channels(
    tree: Chime4Tree, part: str, utterances: Iterable[Utterance], nj: int
) -> Iterator[Utterance]:
    stem = f"{part}_simu"
    for block in blocks(utterances, 1000):
        folders = [tree.recordings(stem, u.environment) for u in block]
        yield from with_channels(block, folders, nj, f"{stem}_{TRACK} channels")


def _external(
    part: str, utterances: Iterable[Utterance], options: ReferenceOptions
) -> Spool[tuple[Utterance, Path]] | None:
    """Return the path of each utterance in isolated_ext; those of tr05 need not exist."""
    if options.isolated_ext is None:
        return None
    if not options.isolated_ext.is_dir():
        raise UserError(
            options.isolated_ext,
            "is not a directory",
            "set ISOLATED_EXT in db.sh, or leave it empty",
        )
    return Spool(reference_paths(options.isolated_ext, part, utterances))


def _make(
    tree: Chime4Tree, part: str, utterances: Iterable[Utterance], options: ReferenceOptions
) -> Iterator[Outcome]:
    """Make the references; yield an outcome for each utterance."""
    jobs = Spool(_jobs(tree, part, utterances, options.directory))
    title = f"{part}_simu_{TRACK} references"
    return chain.from_iterable(parallel_map(make_references, jobs, options.nj, title, chunk=4))


def _good(
    part: str, utterances: Iterable[Utterance], outcomes: Iterable[Outcome], directory: Path
) -> Iterator[tuple[str, str]]:
    for utterance, outcome in zip(utterances, outcomes, strict=True):
        if not outcome.problem:
            yield utterance.id, str(_path(part, utterance, directory))


def _both(
    theirs: Iterable[tuple[Utterance, Path]], ours: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, Path, Path]]:
    """Yield id, reference from isolated_ext and our reference of each utterance with both.

    Both arguments are in the same order.
    """
    ours = iter(ours)
    utterance, our = next(ours, ("", None))
    for u, their in theirs:
        if u.id == utterance:
            yield utterance, their, Path(our)
            utterance, our = next(ours, ("", None))


def _why_none(tree: Chime4Tree, part: str, utterances: Iterable[Utterance]) -> str | None:
    """Return why the references of a set cannot be made, or None if they can."""
    if part == "tr05":
        return None
    if not (tree.audio / "embedded").is_dir():
        return f"{tree.audio / 'embedded'} does not exist, and --isolated_ext is not given"
    unknown = next((u.name for u in utterances if u.channel is None), None)
    if unknown:
        return f"the channel of '{unknown}' is unknown without {part}_simu_1ch_track.list"
    return None


def _path(part: str, utterance: Utterance, directory: Path) -> Path:
    folder = f"{part}_{utterance.environment.lower()}_simu"
    name = f"{utterance.name}.CH{utterance.channel}.flac"
    return Path(os.path.abspath(directory)) / folder / name


def _jobs(
    tree: Chime4Tree, part: str, utterances: Iterable[Utterance], directory: Path
) -> Iterator[Job]:
    for _, channels in groupby(utterances, key=attrgetter("name")):
        group = list(channels)
        yield Job(
            ids=tuple(u.id for u in group),
            mixtures=tuple(u.wav for u in group),
            references=tuple(_path(part, u, directory) for u in group),
            noise=_noise(tree, part, group),
            original=_original(tree, part, group[0]),
        )


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


def _report(
    name: str, outcomes: Collection[Outcome], distances: Collection[tuple[str, float]]
) -> None:
    if outcomes:
        made = sum(outcome.made for outcome in outcomes)
        bad = sum(outcome.problem is not None for outcome in outcomes)
        measures = Spool(o.measures for o in outcomes if o.measures is not None)
        offsets = Counter(measure.offset for measure in measures)
        residuals = array("d", (measure.residual_db for measure in measures))
        print(
            f"{name}: {made} references made, {len(outcomes) - made - bad} already there, {bad} "
            f"bad; noise offsets {dict(sorted(offsets.items()))} samples; "
            f"{sum(measure.clipped > 0 for measure in measures)} with clipped samples, where they "
            f"are inexact; leading silence {median(residuals) if residuals else math.nan:.1f} dB "
            "re the subtracted noise (median)"
        )
        unchecked = sum(math.isnan(measure.correlation) for measure in measures)
        if unchecked:
            print(
                f"{name}: {unchecked} references have no original, so only the weight of their "
                "noise was checked"
            )
    if distances:
        values = array("d", (distance for _, distance in distances))
        print(
            f"{name}: SI-SNR to isolated_ext {median(values):.1f} dB (median), "
            f"{min(values):.1f} dB (minimum) over {len(values)} utterances"
        )
