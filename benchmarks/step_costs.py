"""Measure the cost of a training step with and without KD, for the same student."""

from __future__ import annotations

import copy
import statistics
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.memory import peak_megabytes
from benchmarks.random_models import TOKENS, write_recognizer, write_teacher
from benchmarks.synthetic_batch import synthetic_batch
from benchmarks.timing import interleaved_seconds, ratio_of
from benchmarks.training_step import TrainingStep
from benchmarks.workload import Workload
from espnet_kd.fileio import write_columns
from espnet_kd.report.markdown import GAP, table
from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.tasks.kd_stages import stage_arguments

TEACHERS = {  # by the separator of the student
    "tcn": "se/text_informed_tcn_aligned.yaml",
    "dccrn": "se/uformer.yaml",
}
HEADER = (
    "method",
    "batch",
    "loss",
    "without KD (ms)",
    "with KD (ms)",
    "ratio",
    "teacher (ms)",
    "teacher's share",
    "memory without, with (MB)",
)


@dataclass(frozen=True)
class StepCost:
    """Measurements of one method.

    Attributes:
        method: name of the method, with that of the stage if it has several.
        batch: category of the utterances.
        loss: the loss that is minimized.
        seconds: seconds of each round, by work: `without`, `with` and, if there is one, `teacher`.
        teacher_runs: runs of the teacher in a step.
        memory: peak of a step in megabytes, by `without` and `with`; None if unknown.
    """

    method: str
    batch: str
    loss: str
    seconds: Mapping[str, Sequence[float]]
    teacher_runs: int
    memory: Mapping[str, float | None]


def measure_methods(
    methods: Sequence[str], work: Workload, device: str, rounds: int, directory: Path
) -> Iterator[StepCost]:
    """Measure the methods one after the other and yield the cost of each.

    Args:
        methods: names of YAML files in `kd`.
        work: models and data.
        device: device to train on.
        rounds: each times a step without KD, a step with KD and a run of the teacher.
        directory: directory for the files of the models.
    """
    resources = write_recognizer(work.conf / work.recognizer, directory)
    noises = directory / "noise.scp"  # building a model checks it; no batch reads it
    write_columns(noises, {"unread": "unread.wav"})

    @cache
    def teacher_of(separator: str) -> dict[str, str]:
        return write_teacher(work.conf / TEACHERS[separator], directory)

    for method in methods:
        cmd = ["--config", str(work.conf / "kd" / f"{method}.yaml"), "--output_dir", method]
        args = parse_with_base(EnhKDTask.get_parser, cmd)
        vars(args).update(resources, **teacher_of(args.separator), token_list=list(TOKENS))
        args.second_noise_scp = str(noises)
        yield _measure(method, args, work, device, rounds)


def cost_table(costs: Sequence[StepCost]) -> str:
    """Return a Markdown table with one row per method."""
    return table(HEADER, map(_row, costs))


def _measure(method: str, args: Namespace, work: Workload, device: str, rounds: int) -> StepCost:
    alone = copy.deepcopy(args)
    alone.kd_losses = {}
    if args.kd_stages:
        args = next(stage for stage in stage_arguments(args) if stage.kd_losses)
        method = args.output_dir  # METHOD/STAGE
    without, distilled = TrainingStep(alone, device), TrainingStep(args, device)
    paired = any(term.loss.needs_pairs for term in distilled.terms)
    on_simu = not distilled.terms or any(
        term.applies("SIMU", has_reference=True, paired=paired) for term in distilled.terms
    )
    category = "SIMU" if on_simu else "REAL"
    size = (work.utterances, work.seconds)
    without.take(synthetic_batch(*size, "SIMU", len(TOKENS), paired=False))
    distilled.take(synthetic_batch(*size, category, len(TOKENS), paired))
    works: dict[str, Callable[[], None]] = {"without": without, "with": distilled}
    runs = 0
    if distilled.teacher is not None:
        works["teacher"] = distilled.teach
        runs = _calls(distilled.teacher.separator, distilled)
    return StepCost(
        method,
        batch=f"{category}, two noises" if paired else category,
        loss=_loss(args, with_reference=on_simu),
        seconds=interleaved_seconds(works, rounds),
        teacher_runs=runs,
        memory={
            name: peak_megabytes(step, device)
            for name, step in (("without", without), ("with", distilled))
        },
    )


def _calls(module, step: Callable[[], None]) -> int:
    calls = []
    hook = module.register_forward_hook(lambda *_: calls.append(1))
    step()
    hook.remove()
    return len(calls)


def _loss(args: Namespace, with_reference: bool) -> str:
    terms = [(entry.get("weight", 1.0), entry["type"]) for entry in args.kd_losses.values()]
    if with_reference and args.supervised_weight:
        terms.insert(0, (args.supervised_weight, "supervised"))
    return " + ".join(name if weight == 1 else f"{weight:g} {name}" for weight, name in terms)


def _row(cost: StepCost) -> tuple[str, ...]:
    median = {name: 1000 * statistics.median(times) for name, times in cost.seconds.items()}
    if cost.teacher_runs:
        times = "" if cost.teacher_runs == 1 else f"{cost.teacher_runs} x "
        share = cost.teacher_runs * median["teacher"] / median["with"]
        teacher = (f"{times}{median['teacher']:.0f}", f"{share:.0%}")
    else:
        teacher = (GAP, GAP)
    memory = (cost.memory["without"], cost.memory["with"])
    return (
        cost.method,
        cost.batch,
        cost.loss,
        f"{median['without']:.0f}",
        f"{median['with']:.0f}",
        str(ratio_of(cost.seconds["with"], cost.seconds["without"])),
        *teacher,
        GAP if None in memory else ", ".join(f"{value:.0f}" for value in memory),
    )
