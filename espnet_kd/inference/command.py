"""Enhancing sets from the command line: in one process, or in parts that a launcher runs.

`begin` and `finish` are for one process, before and after the jobs that share the utterances.
They need no model and import none.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.errors import UserError
from espnet_kd.inference.batches import share
from espnet_kd.inference.loading import (
    add_model_options,
    choose_device,
    conditions,
    keep_to_one_core,
    load_enhancer,
)
from espnet_kd.inference.outputs import (
    begin_outputs,
    check_begun,
    check_complete,
    finished,
    wave_path,
)
from espnet_kd.inference.utterances import Utterance, read_utterances

AND = "--and"
CPU_BATCH_SECONDS = 20.0  # more gains nothing
GPU_BATCH_SECONDS = 320.0  # some 6 GB with the published Conv-TasNet


@dataclass(frozen=True)
class Part:
    """What of the work a process does.

    Attributes:
        begins: makes the directories ready.
        finishes: writes the lists.
        job: which share of the utterances it enhances, from 0.
        jobs: number of shares; 0 if it enhances none.
    """

    begins: bool
    finishes: bool
    job: int = 0
    jobs: int = 0


@dataclass(frozen=True)
class TargetSet:
    """A set to enhance.

    Attributes:
        source: its directory.
        out: directory of what is made.
        utterances: with `output`.
        inputs: files that the outputs depend on.
    """

    source: Path
    out: Path
    utterances: list[Utterance]
    inputs: list[Path]


Finish = Callable[[TargetSet, argparse.Namespace], None]


def enhancement_parser(description: str | None) -> argparse.ArgumentParser:
    """Make the parser of a command that enhances sets."""
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f"{AND} joins several such command lines; what the first says of --part, --ngpu "
        "and --batch_seconds holds for all.",
    )
    add_model_options(parser)
    parser.add_argument("--out", required=True, help="directory to write sets into")
    parser.add_argument("--text_name", help="transcripts a teacher is given: file of the sets")
    parser.add_argument("--align_name", help="alignments a teacher is given: file of the sets")
    parser.add_argument(
        "--part",
        type=_part,
        default="all",
        help="begin: remove what other inputs made; K/N: enhance the K-th of N shares; finish: "
        "write the lists; all: everything in this process",
    )
    parser.add_argument(
        "--batch_seconds",
        type=float,
        help="audio of a batch at most, padding included "
        f"(default: {CPU_BATCH_SECONDS:g}, on a GPU {GPU_BATCH_SECONDS:g})",
    )
    return parser


def enhance_sets(
    parser: argparse.ArgumentParser, cmd: list[str] | None, record: str, finish: Finish
) -> None:
    """Do the part of the work that the command line asks for; what is finished is kept.

    Args:
        parser: from `enhancement_parser`.
        cmd: command line; None for that of the process.
        record: file of an output directory that holds the checksums of its inputs.
        finish: makes a set of the enhanced utterances.

    Raises:
        UserError: bad input; a part before `begin`, `finish` before all jobs are done.
    """
    runs = [(options, _targets(options)) for options in _parse(parser, cmd)]
    _check_names([str(target.out) for _, targets in runs for target in targets])
    for options, targets in runs:
        for target in targets:
            ready = begin_outputs if options.part.begins else check_begun
            ready(target.out, record, target.inputs)
    for options, targets in runs:
        if options.part.jobs:
            _enhance(options, targets)
    for options, targets in runs:
        for target in targets if options.part.finishes else ():
            check_complete(target.out, [utt.name for utt in target.utterances])
            finish(target, options)


def _parse(parser: argparse.ArgumentParser, cmd: list[str] | None) -> list[argparse.Namespace]:
    words = sys.argv[1:] if cmd is None else cmd
    runs = []
    for is_and, line in groupby(words, key=AND.__eq__):
        if is_and:
            continue
        runs.append(parser.parse_args(list(line)))
        shared = ("part", "ngpu", "batch_seconds")
        parser.set_defaults(**{name: getattr(runs[0], name) for name in shared})
        if runs[-1].batch_seconds is not None and not runs[-1].batch_seconds > 0:
            raise UserError("--batch_seconds", f"is {runs[-1].batch_seconds:g}", "give more than 0")
    return runs or [parser.parse_args([])]


def _part(text: str) -> Part:
    whole = {"all": Part(True, True, 0, 1), "begin": Part(True, False), "finish": Part(False, True)}
    if text in whole:
        return whole[text]
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UserError("--part", f"is '{text}'", "give all, begin, finish, or K/N with K up to N")
    return Part(False, False, int(match[1]) - 1, int(match[2]))


def _targets(options: argparse.Namespace) -> list[TargetSet]:
    for model in (options.config, options.checkpoint):
        if not Path(model).is_file():
            raise UserError(model, "does not exist", "train the model first")
    targets = []
    for source in map(Path, options.sets):
        out = Path(options.out) / source.name
        names = [name for name in (options.text_name, options.align_name) if name]
        found = read_utterances(source, options.text_name, options.align_name)
        utterances = [replace(utt, output=wave_path(out, utt.name)) for utt in found]
        inputs = [options.checkpoint, options.config, *(source / n for n in ("wav.scp", *names))]
        targets.append(TargetSet(source, out, utterances, [Path(path) for path in inputs]))
    return targets


def _check_names(outs: Sequence[str]) -> None:
    for out in outs:
        if outs.count(out) > 1:
            raise UserError(out, "two sets of one name would be written there", "give each once")


def _enhance(options: argparse.Namespace, targets: Sequence[TargetSet]) -> None:
    part = options.part
    title = options.out if part.jobs == 1 else f"{options.out} {part.job + 1}/{part.jobs}"
    utterances = share([u for target in targets for u in target.utterances], part.job, part.jobs)
    done = {wave_path(target.out, name) for target in targets for name in finished(target.out)}
    pending = [utt for utt in utterances if utt.output not in done]
    if len(pending) < len(utterances):
        print(f"{title}: {len(utterances) - len(pending)} already there", file=sys.stderr)
    if not pending:
        return
    if part.jobs > 1:
        keep_to_one_core()
    device = choose_device(options.ngpu, part.job)
    enhancer = load_enhancer(options.config, options.checkpoint, device)
    for name in conditions(enhancer.model):
        if getattr(options, f"{name}_name") is None:
            raise UserError(
                f"--{name}_name", "is not given, but the model reads it", f"give {name}, say"
            )
    seconds = options.batch_seconds or (GPU_BATCH_SECONDS if options.ngpu else CPU_BATCH_SECONDS)
    from espnet_kd.inference.writer import enhance_all

    enhance_all(pending, enhancer, int(seconds * SAMPLE_RATE), title)
