"""The page that holds KD methods side by side: cost, scores over seeds, differences to controls."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.fileio import write_text
from espnet_kd.report.comparison import BETTER, OPEN, WORSE, Comparison, comparison_table, in_words
from espnet_kd.report.environment import environment_block
from espnet_kd.report.markdown import GAP, interval_cell, set_title, system_title, table
from espnet_kd.report.method_differences import against_control
from espnet_kd.report.method_scores import MethodScores, load_method_scores, missing_scores
from espnet_kd.report.model_table import TrainedModel, model_table
from espnet_kd.report.score_columns import Column
from espnet_kd.scoring.bootstrap import LEVEL, REPLICATES, SEED
from espnet_kd.scoring.seeds import seed_directory, seed_interval

COST_NOTE = "A method's first trained seed is measured; the others cost the same."
PESQ_NOTE = "PESQ is narrow-band on the raw scale."
REAL_NOTE = (
    "WER of the recognizer on what the system gives it. SI-SNR, where there is one, is held "
    "against true images, which only a generated corpus has; no training saw them."
)
MARKS = {BETTER: f"**{BETTER}**", WORSE: f"**{WORSE}**", OPEN: ""}


@dataclass(frozen=True)
class MethodSources:
    """What the page is about, and where it lies.

    Attributes:
        root: `<method>/seed<k>/` and `scores/{se,wer,truth}/<system>/<set>/`.
        methods: trained with several seeds, in the order of the rows.
        unseeded: further systems, scored once; their rows come first.
        controls: methods or unseeded systems that every method is compared with.
        simu_sets: with references.
        real_sets: recorded.
        checkpoint: weights in `<method>/seed<k>/`.
        other_models: unseeded models to measure beside those of the methods.
        model_set: set directory to measure the models on; empty: none is measured.
        commands: command lines that led to the results.
    """

    root: Path
    methods: Sequence[str]
    unseeded: Sequence[str]
    controls: Sequence[str]
    simu_sets: Sequence[str]
    real_sets: Sequence[str]
    checkpoint: str
    other_models: Sequence[TrainedModel] = ()
    model_set: str = ""
    commands: Sequence[str] = ()


def write_method_page(sources: MethodSources, out: str | os.PathLike) -> None:
    """Write the page; what is not there yet is a gap in a table, and is listed.

    Raises:
        UserError: nothing was scored, or systems were scored on different utterances.
    """
    scores = load_method_scores(
        sources.root, sources.methods, sources.unseeded, sources.simu_sets, sources.real_sets
    )
    sections = ["# Comparison of KD methods", *_what_was_run(sources, scores)]
    sections += ["## Table 1: cost and scores", _about_seeds(len(scores.seeds))]
    if sources.model_set:
        models = [*sources.other_models, *_first_models(sources, scores)]
        sections += ["### Cost", COST_NOTE, model_table(models, sources.model_set)]
    for name in sources.simu_sets:
        columns = [column for column in scores.simu if column.set_name == name]
        sections += _score_section(set_title(name), PESQ_NOTE, columns, scores)
    sections += _score_section("Real recordings", REAL_NOTE, scores.real, scores)
    sections += ["## Table 2: differences to the controls", *_differences(sources, scores)]
    write_text(out, "\n\n".join(sections) + "\n")


def _what_was_run(sources: MethodSources, scores: MethodScores) -> list[str]:
    seeds = ", ".join(f"`{seed}`" for seed in scores.seeds)
    missing = missing_scores(scores, sources.methods, sources.simu_sets, sources.real_sets)
    missing += [
        f"- {system_title(method)}: no trained model to measure"
        for method in sources.methods
        if sources.model_set and _first_model(sources, scores, method) is None
    ]
    return [
        "## What was run",
        *(["```\n" + "\n".join(sources.commands) + "\n```"] if sources.commands else []),
        f"{environment_block()}\n- seeds of each method: {seeds}",
        *(["**Missing:**", "\n".join(missing)] if missing else []),
    ]


def _about_seeds(seeds: int) -> str:
    """What the brackets of the scores mean."""
    if seeds == 1:
        return (
            "Scores of one training of each method: there is one seed, so **no interval over "
            "seeds** can be given. How much another seed would change them is not known."
        )
    return (
        "Mean over seeds. Brackets are its 95 % interval over seeds (Student's t): where the mean "
        "over ever more trainings with other seeds would lie, **on these utterances**. A system "
        "without seeds, or with one, has no interval; `(2 seeds)`: the others are missing."
    )


def _first_models(sources: MethodSources, scores: MethodScores) -> list[TrainedModel]:
    found = (_first_model(sources, scores, method) for method in sources.methods)
    return [model for model in found if model is not None]


def _first_model(sources: MethodSources, scores: MethodScores, method: str) -> TrainedModel | None:
    """The model of the first seed whose training has ended; the cost is that of all seeds."""
    for seed in scores.seeds:
        directory = sources.root / seed_directory(method, seed)
        config, checkpoint = directory / "config.yaml", directory / sources.checkpoint
        if config.exists() and checkpoint.exists():
            return TrainedModel(method, str(config), str(checkpoint))
    return None


def _score_section(
    title: str, note: str, columns: Sequence[Column], scores: MethodScores
) -> list[str]:
    if not columns:
        return []
    one_set = len({column.set_name for column in columns}) == 1
    header = [c.measure if one_set else f"{set_title(c.set_name)} {c.measure}" for c in columns]
    rows = (
        [system_title(name), *(_cell(column, systems) for column in columns)]
        for name, systems in scores.members.items()
    )
    undefined = [
        f"{column.measure} leaves out {column.undefined} utterance(s) of "
        f"{set_title(column.set_name)}, for every system: one has no score there."
        for column in columns
        if column.undefined
    ]
    return [f"### {title}", " ".join((note, *undefined)), table(["system", *header], rows)]


def _cell(column: Column, systems: Sequence[str]) -> str:
    scored = column.scored(systems)
    if not (scored and column.weights.size):
        return GAP
    values = [column.value(system) for system in scored]
    digits = column.digits
    one = len(values) == 1
    text = f"{values[0]:.{digits}f}" if one else interval_cell(seed_interval(values), digits)
    if scored == list(systems):
        return text
    return f"{text} ({len(scored)} seed{'' if one else 's'})"


def _differences(sources: MethodSources, scores: MethodScores) -> list[str]:
    by_control = {
        control: against_control(scores.columns, others, control, scores.members)
        for control, others in _opponents(sources.methods, sources.controls)
    }
    sections = [_about_differences([c for found in by_control.values() for c in found])]
    for control, comparisons in by_control.items():
        if comparisons:
            sections += [f"### Against {system_title(control)}", in_words(comparisons)]
            for sets in (sources.simu_sets, sources.real_sets):
                part = [c for c in comparisons if c.set_name in sets]
                sections += [comparison_table(part, MARKS)] if part else []
    return sections


def _opponents(methods: Sequence[str], controls: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each control with the methods to compare, no pair twice the other way round."""
    for index, control in enumerate(controls):
        shown = controls[:index] if control in methods else ()
        yield control, [name for name in methods if name != control and name not in shown]


def _about_differences(comparisons: Sequence[Comparison]) -> str:
    """What the brackets of the differences mean, and how many chance alone would bring."""
    number = len(comparisons)
    alone = sum(c.difference.excludes_zero for c in comparisons)
    together = sum(c.verdict != OPEN for c in comparisons)
    return (
        "Scores of each utterance are averaged over seeds first, those that both systems have "
        "(errors likewise, then divided by the words). Brackets are paired 95 % bootstrap "
        f"intervals over utterances (Bisani and Ney 2004, {REPLICATES} replicates, seed {SEED}): "
        "where the difference would lie on ever more utterances like these, **with these very "
        "trainings**. They know nothing of other seeds: a difference within the brackets of "
        "Table 1 may come from the seeds alone.\n\n"
        f"**Many comparisons.** These are {number}. Without any true difference about "
        f"{(1 - LEVEL) * number:.1f} of them would exclude 0 by chance; {alone} do. A difference "
        "is called better or worse if it is significant at 5 % after Holm's correction (1979) "
        f"among all methods and sets of one measure and one control; {together} are. An interval "
        "without 0 and without a word is not."
    )
