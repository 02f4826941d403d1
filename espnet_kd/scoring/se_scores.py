"""Score the enhanced utterances of whole sets, and write and read score files."""

from __future__ import annotations

import math
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from espnet_kd.data.audio import read_any_samples
from espnet_kd.data.parallel import parallel_map
from espnet_kd.data.waves import FULL_SCALE, read_wave
from espnet_kd.data.workers import Death
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_lengths, read_paths, write_columns, write_lines, write_text
from espnet_kd.naming import first_few
from espnet_kd.scoring.se_metrics import METRICS, SILENT_SCORES, score_pair

SCORES_FILE = "scores.tsv"


@dataclass(frozen=True)
class SeJob:
    """One system to score on one set.

    Attributes:
        system: name of the system.
        set_dir: set directory with `utt2num_samples`.
        reference_scp: list of the true references.
        estimate_scp: list of the system's output for the set.
        out_dir: directory to write the scores to.
        partial: allow estimates without a reference; they are not scored.
    """

    system: str
    set_dir: Path
    reference_scp: Path
    estimate_scp: Path
    out_dir: Path
    partial: bool = False


@dataclass(frozen=True)
class _Pair:
    job: int
    utterance: str
    reference: str
    estimate: str
    num_samples: int
    metrics: tuple[str, ...]


def score_jobs(jobs: Iterable[SeJob], nj: int, metrics: Sequence[str] = METRICS) -> None:
    """Score all jobs in one pool of processes and write their files.

    If the set of a job has no references, a message says so and an existing `scores.tsv` is
    removed. Every other job writes `scores.tsv` and, in ESPnet's format,
    `scoring/{PESQ,...}_spk1` and `scoring/result_*.txt`.

    Args:
        jobs: systems and sets to score.
        nj: number of processes.
        metrics: names of the scores to compute; the others are NaN in the files.

    Raises:
        UserError: the files do not fit together, or audio cannot be scored.
    """
    with_reference = []
    for job in jobs:
        if job.reference_scp.exists():
            with_reference.append(job)
        else:
            (job.out_dir / SCORES_FILE).unlink(missing_ok=True)
            print(f"{job.system} on {job.set_dir.name}: no reference, nothing to score")
    chosen = tuple(metrics)
    pairs = [p for index, job in enumerate(with_reference) for p in _pairs(index, job, chosen)]
    scores: list[dict[str, dict[str, float]]] = [{} for _ in with_reference]
    for pair, values in zip(pairs, _all_scores(pairs, nj), strict=True):
        scores[pair.job][pair.utterance] = values
    for job, job_scores in zip(with_reference, scores, strict=True):
        write_scores(job.out_dir, job_scores, chosen)
        _warn(job, job_scores, chosen)
        print(f"{job.system} on {job.set_dir.name}: {job.out_dir / SCORES_FILE}")


def write_scores(
    out_dir: str | os.PathLike,
    scores: Mapping[str, Mapping[str, float]],
    metrics: Sequence[str] = METRICS,
) -> None:
    """Write the scores of one system on one set, given by utterance ID; `metrics` were computed."""
    out_dir = Path(out_dir)
    for metric in metrics:
        values = {utterance: scores[utterance][metric] for utterance in scores}
        write_columns(out_dir / "scoring" / f"{metric.upper()}_spk1", values)
        write_text(out_dir / "scoring" / f"result_{metric}.txt", f"{_mean(values.values()):.2f}\n")
    lines = ["\t".join(("utt", *METRICS))]
    for utterance in sorted(scores):
        values = (f"{scores[utterance].get(metric, math.nan):.4f}" for metric in METRICS)
        lines.append("\t".join((utterance, *values)))
    write_lines(out_dir / SCORES_FILE, lines)


def read_scores(path: str | os.PathLike) -> dict[str, dict[str, float]]:
    """Read a `scores.tsv`: utterance ID -> metric -> score.

    Raises:
        UserError: the file does not have this format.
    """
    header, *rows = Path(path).read_text(encoding="utf-8").splitlines() or [""]
    if header.split("\t") != ["utt", *METRICS]:
        raise UserError(path, f"has the header '{header}'", "score the set again")
    scores = {}
    for number, row in enumerate(rows, 2):
        utterance, *values = row.split("\t")
        try:
            scores[utterance] = dict(zip(METRICS, map(float, values), strict=True))
        except ValueError:
            raise UserError(path, f"line {number} is '{row}'", "score the set again") from None
    return scores


def _pairs(index: int, job: SeJob, metrics: tuple[str, ...]) -> list[_Pair]:
    references = read_paths(job.reference_scp)
    lengths = read_lengths(job.set_dir / "utt2num_samples")
    estimates = read_paths(job.estimate_scp, "enhance the set again")
    if not references:
        raise UserError(job.reference_scp, "is empty", "run the data stage again")
    for path, ids in ((job.estimate_scp, estimates), (job.set_dir / "utt2num_samples", lengths)):
        missing = next((name for name in references if name not in ids), None)
        if missing is not None:
            raise UserError(
                path, f"lacks '{missing}', which is in {job.reference_scp}", "create it again"
            )
    extra = next((name for name in estimates if name not in references), None)
    if extra is not None and not job.partial:
        raise UserError(job.estimate_scp, f"'{extra}' has no reference", "remove it")
    return [
        _Pair(index, name, path, estimates[name], lengths[name], metrics)
        for name, path in references.items()
    ]


def _all_scores(pairs: Sequence[_Pair], nj: int) -> list[dict[str, float]]:
    """Score all pairs; a metric is NaN, with a warning, where its native code crashes."""
    results = list(parallel_map(_score, pairs, nj, "SE scores", lost=lambda pair, death: None))
    crashed = [pair for pair, values in zip(pairs, results, strict=True) if values is None]
    if not crashed:
        return results
    # One metric at a time, to keep those that do not crash.
    apart = [replace(pair, metrics=(metric,)) for pair in crashed for metric in pair.metrics]
    single = parallel_map(_score, apart, nj, "crashed utterances", lost=_crashed)
    found: dict[tuple[int, str], dict[str, float]] = defaultdict(dict)
    for pair, values in zip(apart, single, strict=True):
        found[pair.job, pair.utterance] |= values
    return [
        found[pair.job, pair.utterance] if values is None else values
        for pair, values in zip(pairs, results, strict=True)
    ]


def _crashed(pair: _Pair, death: Death) -> dict[str, float]:
    (metric,) = pair.metrics
    print(
        f"warning: {pair.utterance}: {metric} crashed ({death}) on {pair.estimate}; its value is "
        "NaN",
        file=sys.stderr,
    )
    return {metric: math.nan}


def _score(pair: _Pair) -> dict[str, float]:
    reference = read_wave(pair.reference, pair.num_samples)
    # Not read_wave, which rejects silence: a silent estimate gets a bad score instead.
    estimate = (read_any_samples(pair.estimate) / FULL_SCALE).astype(np.float32)
    if len(estimate) != pair.num_samples:
        raise UserError(
            pair.estimate,
            f"has {len(estimate)} samples, but its reference has {pair.num_samples}",
            "enhance the set again",
        )
    try:
        return score_pair(reference, estimate, pair.metrics)
    except ValueError as error:
        raise UserError(pair.reference, str(error), "leave the utterance out") from None


def _warn(job: SeJob, scores: Mapping[str, Mapping[str, float]], metrics: tuple[str, ...]) -> None:
    silent = {name: SILENT_SCORES[name] for name in metrics}.items()
    notes = {"a silent estimate": [u for u, v in scores.items() if silent <= v.items()]}
    for metric in metrics:
        undefined = [u for u, values in scores.items() if math.isnan(values[metric])]
        notes[f"an undefined {metric}, left out of the mean,"] = undefined
    for note, utterances in notes.items():
        if utterances:
            print(
                f"warning: {job.system} on {job.set_dir.name}: {note} in {len(utterances)} of "
                f"{len(scores)} utterances: {first_few(utterances)}",
                file=sys.stderr,
            )


def _mean(values: Iterable[float]) -> float:
    finite = [value for value in values if not math.isnan(value)]
    return float(np.mean(finite)) if finite else math.nan
