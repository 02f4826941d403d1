"""Enhance sets from the command line, in one process or in parts that a launcher runs.

`begin` and `finish` each run in one process, before and after the jobs that share the utterances.
They need no model and do not import PyTorch or ESPnet.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from espnet_kd.checkpoint import checksums
from espnet_kd.data.channels import FILE
from espnet_kd.errors import UserError
from espnet_kd.inference.arguments import batch_samples, parse_lines
from espnet_kd.inference.batches import share
from espnet_kd.inference.channel_lists import with_channels
from espnet_kd.inference.loading import (
    choose_device,
    conditions,
    keep_to_one_core,
    load_enhancer,
)
from espnet_kd.inference.observation import ObservationWeight
from espnet_kd.inference.outputs import (
    begin_outputs,
    check_begun,
    check_complete,
    finished,
    remove_outdated,
    wave_path,
)
from espnet_kd.inference.utterances import Utterance, read_utterances
from espnet_kd.origin import stamps


@dataclass(frozen=True)
class TargetSet:
    """A set to enhance.

    Attributes:
        source: directory of the set.
        out: directory to write the enhanced set into.
        utterances: utterances of the set, with `output`.
        inputs: checksums of the model and the lists, and settings that affect the outputs.
    """

    source: Path
    out: Path
    utterances: list[Utterance]
    inputs: str


Finish = Callable[[TargetSet, argparse.Namespace], None]


def enhance_sets(
    parser: argparse.ArgumentParser, cmd: list[str] | None, record: str, finish: Finish
) -> None:
    """Do the part of the work that the command line requests; finished outputs are kept.

    Args:
        parser: parser from `enhancement_parser`.
        cmd: arguments; None for those of the process.
        record: name of the file in an output directory that lists the checksums of its inputs.
        finish: function that makes a set of the enhanced utterances.

    Raises:
        UserError: the input is bad, a part runs before `begin`, or `finish` runs before all jobs
            are done.
    """
    runs = [(options, _targets(options)) for options in parse_lines(parser, cmd)]
    _check_names([str(target.out) for _, targets in runs for target in targets])
    for options, targets in runs:
        for target in targets:
            if options.part.begins:
                begin_outputs(target.out, record, target.inputs)
                made_of = {u.name: stamps(u.channels or [u.wave]) for u in target.utterances}
                remove_outdated(target.out, made_of)
            else:
                check_begun(target.out, record, target.inputs)
    for options, targets in runs:
        if options.part.jobs:
            _enhance(options, targets)
    for options, targets in runs:
        for target in targets if options.part.finishes else ():
            check_complete(target.out, [utt.name for utt in target.utterances])
            finish(target, options)


def _targets(options: argparse.Namespace) -> list[TargetSet]:
    for path in (options.config, options.checkpoint):
        if not Path(path).is_file():
            raise UserError(path, "does not exist", "train the model first")
    model = checksums([options.checkpoint, options.config])
    settings = f"# {options.autocast_dtype}\n" if options.autocast_dtype else ""
    weight = ObservationWeight.parse(options.observation_weight)
    if weight.adds:
        settings += f"# observation_weight {weight}\n"
    names = [name for name in ("wav.scp", options.text_name, options.align_name) if name]
    targets = []
    for source in map(Path, options.sets):
        out = Path(options.out) / source.name
        found = read_utterances(source, options.text_name, options.align_name)
        channels = ""
        if options.method != "one":
            found, channels = _with_channels(options, source, found)
        utterances = [replace(utt, output=wave_path(out, utt.name)) for utt in found]
        inputs = model + checksums(source / name for name in names) + settings + channels
        targets.append(TargetSet(source, out, utterances, inputs))
    if options.method.startswith("channels") and not any(
        utt.channels for target in targets for utt in target.utterances
    ):
        raise UserError(
            f"--method {options.method}",
            f"no recording of {' '.join(options.sets)} has several usable channels",
            "give --method one, or let the data stage write channels.scp",
        )
    return targets


def _with_channels(
    options: argparse.Namespace, source: Path, utterances: list[Utterance]
) -> tuple[list[Utterance], str]:
    """Return the utterances with their channels, and lines for the record of inputs."""
    if options.channels_from is None:
        raise UserError("--channels_from", "is not given, but --method needs it", "give e.g. data")
    directory = Path(options.channels_from) / source.name
    found = with_channels(utterances, directory)
    if not any(utt.channels for utt in found):
        return found, ""
    again = options.method == "channels_teacher"
    return found, checksums([directory / FILE]) + f"# channels, again: {again}\n"


def _check_names(outs: Sequence[str]) -> None:
    for out in outs:
        if outs.count(out) > 1:
            raise UserError(out, "two sets with this name would be written", "give each name once")


def _enhance(options: argparse.Namespace, targets: Sequence[TargetSet]) -> None:
    part = options.part
    title = options.out if part.jobs == 1 else f"{options.out} {part.job + 1}/{part.jobs}"
    utterances = share([u for target in targets for u in target.utterances], part.job, part.jobs)
    done = {wave_path(target.out, name) for target in targets for name in finished(target.out)}
    pending = [utt for utt in utterances if utt.output not in done]
    if len(pending) < len(utterances):
        print(f"{title}: {len(utterances) - len(pending)} already done", file=sys.stderr)
    if not pending:
        return
    if part.jobs > 1:
        keep_to_one_core()
    device = choose_device(options.ngpu, part.job)
    enhancer = load_enhancer(
        options.config,
        options.checkpoint,
        device,
        compile_blocks=options.compile == "true",
        autocast_dtype=options.autocast_dtype,
        observation_weight=ObservationWeight.parse(options.observation_weight),
    )
    for name in conditions(enhancer.model):
        if getattr(options, f"{name}_name") is None:
            raise UserError(
                f"--{name}_name", "is not given, but the model needs it", f"give e.g. {name}"
            )
    from espnet_kd.inference.writer import enhance_all

    samples = batch_samples(options)
    most = max(len(utt.channels) for utt in pending)
    if most:
        from espnet_kd.inference.channel_enhancer import ChannelEnhancer

        enhancer = ChannelEnhancer(enhancer, again=options.method == "channels_teacher")
        samples //= most
    enhance_all(pending, enhancer, samples, title)
