"""The page that says whether the method pays: differences over seeds and utterances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import write_lines, write_text
from espnet_kd.report.environment import corpus_line, environment_block
from espnet_kd.report.markdown import GAP, difference_cell, set_title, system_title, table
from espnet_kd.report.score_columns import Column, se_columns, wer_columns
from espnet_kd.report.se_tables import load_se_results
from espnet_kd.report.training_table import dropped_note, not_converged
from espnet_kd.report.wer_tables import load_wer_results
from espnet_kd.report.wording import ASR_TITLES, CONTROLS_NOTE, DECODERS
from espnet_kd.scoring.bootstrap import REPLICATES, SEED, Interval, seeds_interval
from espnet_kd.scoring.seeds import SEEDED, seeded_name

SE_METRICS = ("si_snr", "pesq_raw")
# What is compared, and on which kinds of sets: `simu`, `real` (true images) or `train_real`.
SE_PAIRS = (
    ("student", "baseline_continued", ("simu", "real")),
    ("student", "noisy", ("simu", "real")),
    ("teacher", "teacher_no_text", ("simu", "real")),
    ("teacher", "teacher_wrong_text", ("simu",)),
    ("pseudo_reference", "teacher", ("train_real",)),
    ("pseudo_reference", "noisy", ("train_real",)),
)
WER_PAIRS = (
    ("student", "baseline_continued"),
    ("student", "noisy"),
    ("student_oa", "noisy"),
    ("student_oa", "baseline_continued_oa"),
)
NUMBERS = ("difference", "set", "measure", "seeds", "utterances", "value", "low", "high")


@dataclass(frozen=True)
class EvidenceSources:
    """Where to find the results.

    Attributes:
        root: directory with `scores/{se,truth}/<system>[-seed<k>]/<set>/` and
            `scores/wer/<asr>/<system>[-seed<k>]/<set>/`.
        simu_sets: development and test set with references.
        real_sets: recorded development and test set.
        train_real_set: recorded training set, with pseudo-references.
        decoder: key of DECODERS.
        trainings: `config.yaml` of each training.
        corpus: root of the corpus; if it was generated, the page says how.
        commands: command lines that produced the results.
    """

    root: Path
    simu_sets: Sequence[str]
    real_sets: Sequence[str]
    train_real_set: str
    decoder: str = "joint"
    trainings: Sequence[str] = ()
    corpus: str | None = None
    commands: Sequence[str] = ()


@dataclass(frozen=True)
class Difference:
    """The difference of two systems in one measure on one set."""

    system: str
    other: str
    column: Column
    seeds: int
    interval: Interval

    @property
    def verdict(self) -> str:
        """`better` or `worse` if the interval excludes 0, else nothing."""
        if not self.interval.excludes_zero:
            return ""
        better = (self.interval.value > 0) == self.column.higher_is_better
        return "**better**" if better else "**worse**"


def write_evidence(sources: EvidenceSources) -> Path:
    """Write `EVIDENCE.md` and its numbers, `evidence.tsv`, into the root; return the page.

    Raises:
        UserError: nothing was scored.
    """
    se = list(_se_differences(sources))
    wer = {asr: list(_wer_differences(sources, asr)) for asr in ASR_TITLES}
    every = [*se, *(found for differences in wer.values() for found in differences)]
    if not every:
        raise UserError(sources.root / "scores", "holds no scores", "run the stages before")
    sections = ["# EVIDENCE", _head(sources), "## Speech enhancement", _table(se)]
    for asr, found in wer.items():
        if found:
            title = ASR_TITLES[asr].partition("with the ")[2]
            sections += [f"## WER with the {title}", DECODERS[sources.decoder], _table(found)]
    if sources.trainings:
        sections += ["## Trainings", _trainings(sources.trainings)]
    sections += ["## Commands", "```\n" + "\n".join(sources.commands) + "\n```"]
    rows = ["\t".join(NUMBERS), *(_numbers(name, d) for name, d in _named(se, wer))]
    write_lines(sources.root / "evidence.tsv", rows)
    write_text(sources.root / "EVIDENCE.md", "\n\n".join(sections) + "\n")
    return sources.root / "EVIDENCE.md"


def _head(sources: EvidenceSources) -> str:
    return (
        f"{environment_block()}{corpus_line(sources.corpus)}\n\n"
        "Each row is a difference between two systems. Where both were trained with several seeds, "
        "seed k of one is compared with seed k of the other. Brackets are 95 % intervals of a "
        "hierarchical bootstrap: utterances and seeds are drawn with replacement "
        f"({REPLICATES} draws, seed {SEED}). A difference is called better or worse if its "
        "interval excludes 0, without a correction for the number of comparisons. With few seeds, "
        "drawing them understates their spread.\n\n"
        f"{CONTROLS_NOTE} Real sets are scored against true images, which only a generated corpus "
        "has and which no training sees."
    )


def _table(differences: Sequence[Difference]) -> str:
    """Return a table with a row for each pair and measure, and a column for each set."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for d in differences:
        pair = f"{system_title(d.system)} − {system_title(d.other)}"
        cell = f"{difference_cell(d.interval, d.column.digits)} {d.verdict}".rstrip()
        row = rows.setdefault((pair, d.column.measure, str(d.seeds)), {})
        row[set_title(d.column.set_name)] = cell
    columns = list(dict.fromkeys(name for cells in rows.values() for name in cells))
    return table(
        ("difference", "measure", "seeds", *columns),
        [(*key, *(cells.get(name, GAP) for name in columns)) for key, cells in rows.items()],
    )


def _trainings(configs: Sequence[str]) -> str:
    early = not_converged(configs)
    lines = [f"All {len(configs)} trainings converged (see RESULTS.md for the criterion)."]
    if early:
        lines = [f"**Stopped while still improving: {', '.join(early)}.**"]
    return " ".join([*lines, *dropped_note(configs)])


def _named(
    se: Sequence[Difference], wer: dict[str, list[Difference]]
) -> Iterator[tuple[str, Difference]]:
    yield from (("", d) for d in se)
    for asr, found in wer.items():
        yield from ((f" {asr}", d) for d in found)


def _numbers(asr: str, d: Difference) -> str:
    values = (f"{value:.4f}" for value in (d.interval.value, d.interval.low, d.interval.high))
    names = (f"{d.system} - {d.other}", d.column.set_name, d.column.measure + asr)
    return "\t".join([*names, str(d.seeds), str(d.column.weights.size), *values])


def _se_differences(sources: EvidenceSources) -> Iterator[Difference]:
    sets = {
        "simu": ("se", sources.simu_sets),
        "real": ("truth", sources.real_sets),
        "train_real": ("truth", [sources.train_real_set]),
    }
    for system, other, kinds in SE_PAIRS:
        for kind in kinds:
            folder, names = sets[kind]
            results = load_se_results(sources.root / "scores" / folder)
            found = sorted({name for systems in results.values() for name in systems})
            columns = se_columns(results, names, SE_METRICS, _either(found, system, other))
            yield from _differences(columns, system, other)


def _wer_differences(sources: EvidenceSources, asr: str) -> Iterator[Difference]:
    results = load_wer_results(sources.root / "scores" / "wer", asr)
    found = sorted({name for systems in results.values() for name in systems})
    sets = [
        name for pair in zip(sources.simu_sets, sources.real_sets, strict=True) for name in pair
    ]
    for system, other in WER_PAIRS:
        columns = wer_columns(results, sets, _either(found, system, other))
        yield from _differences(columns, system, other)


def _either(found: Sequence[str], *systems: str) -> list[str]:
    """Return the given systems and their trainings with seeds, of those that were found."""
    return [name for name in found if _system(name) in systems]


def _system(name: str) -> str:
    match = SEEDED.fullmatch(name)
    return match["method"] if match else name


def _differences(columns: Sequence[Column], system: str, other: str) -> Iterator[Difference]:
    for column in columns:
        pairs = _pairs(column, system, other)
        if pairs and column.weights.size:
            parts = [column.parts[ours] - column.parts[theirs] for ours, theirs in pairs]
            interval = seeds_interval(parts, column.weights)
            yield Difference(system, other, column, len(pairs), interval)


def _pairs(column: Column, system: str, other: str) -> list[tuple[str, str]]:
    """Return the trainings to compare: of equal seeds, or all with one that has no seeds."""
    seeds = [int(m["seed"]) for name in column.parts if (m := SEEDED.fullmatch(name))]
    pairs = []
    for seed in sorted(set(seeds)) or [None]:
        pair = tuple(
            name if name in column.parts else seeded_name(name, seed) for name in (system, other)
        )
        if set(pair) <= column.parts.keys():
            pairs.append(pair)
    return pairs
