"""The page that compares KD methods: cost, scores over seeds, differences from controls."""

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
from espnet_kd.rounding import half_up
from espnet_kd.scoring.bootstrap import LEVEL, REPLICATES, SEED
from espnet_kd.scoring.seeds import seed_directory, seed_interval

COST_NOTE = "The cost of a method is measured on its first trained seed; all seeds cost the same."
PESQ_NOTE = "PESQ is narrow-band, on the raw scale."
REAL_NOTE = (
    "WER is that of the recognizer on the output of each system. SI-SNR, where shown, is measured "
    "against true images, which only a generated corpus has; no training used them."
)
MARKS = {BETTER: f"**{BETTER}**", WORSE: f"**{WORSE}**", OPEN: ""}


@dataclass(frozen=True)
class MethodSources:
    """Content of the page, and where to find it.

    Attributes:
        root: directory with `<method>/seed<k>/` and `scores/{se,wer,truth}/<system>/<set>/`.
        methods: methods trained with several seeds, in the order of the rows.
        unseeded: other systems, scored once; their rows come first.
        controls: methods or unseeded systems that every method is compared with.
        simu_sets: simulated sets, which have references.
        real_sets: real recordings.
        checkpoint: file name of the weights in `<method>/seed<k>/`.
        other_models: unseeded models to measure in addition to those of the methods.
        model_set: set directory to measure the models on; if empty, no model is measured.
        commands: command lines that produced the results.
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
    """Write the page. Missing results are listed and appear as gaps in the tables.

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
    sections += ["## Table 2: differences from the controls", *_differences(sources, scores)]
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
    """Explain the brackets of the scores."""
    if seeds == 1:
        return (
            "Each method was trained with only one seed, so **no interval over seeds** can be "
            "given. It is not known how much another seed would change the scores."
        )
    return (
        "Scores are means over seeds. Brackets show the 95 % interval of the mean over seeds "
        "(Student's t): the range in which the mean over many more trainings with other seeds "
        "would lie, **on these utterances**. A system without seeds, or with only one, has no "
        "interval. `(2 seeds)` means that the other seeds are missing."
    )


def _first_models(sources: MethodSources, scores: MethodScores) -> list[TrainedModel]:
    found = (_first_model(sources, scores, method) for method in sources.methods)
    return [model for model in found if model is not None]


def _first_model(sources: MethodSources, scores: MethodScores, method: str) -> TrainedModel | None:
    """Return the model of the first seed whose training has ended, or None."""
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
        f"{set_title(column.set_name)} for every system, because at least one system has no score "
        "there."
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
    text = half_up(values[0], digits) if one else interval_cell(seed_interval(values), digits)
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
    """Yield each control with the methods to compare with it, but no pair in both directions."""
    for index, control in enumerate(controls):
        shown = controls[:index] if control in methods else ()
        yield control, [name for name in methods if name != control and name not in shown]


def _about_differences(comparisons: Sequence[Comparison]) -> str:
    """Explain the brackets of the differences and the effect of many comparisons."""
    number = len(comparisons)
    alone = sum(c.difference.excludes_zero for c in comparisons)
    together = sum(c.verdict != OPEN for c in comparisons)
    return (
        "The scores of each utterance are first averaged over the seeds that both systems have; "
        "word errors are averaged in the same way and then divided by the number of words. "
        "Brackets show paired 95 % bootstrap intervals over utterances (Bisani and Ney 2004, "
        f"{REPLICATES} replicates, seed {SEED}): the range in which the difference would lie on "
        "many more utterances like these, **with these same trainings**. The intervals do not "
        "cover other seeds: a difference within the brackets of Table 1 may come from the seeds "
        "alone.\n\n"
        f"**Many comparisons.** Table 2 contains {number} comparisons. If there were no true "
        f"difference, about {(1 - LEVEL) * number:.1f} of their intervals would exclude 0 by "
        f"chance; {alone} do. A difference is called better or worse if it is significant at 5 % "
        "after Holm's correction (1979) over all methods and sets of one measure and one control; "
        f"{together} are. A difference whose interval excludes 0 but which is called neither "
        "better nor worse is not significant after this correction."
    )
