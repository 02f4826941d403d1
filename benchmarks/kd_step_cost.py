"""Compare a training step of each KD method with a step of the same student without KD."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.sections import put_section
from benchmarks.workload import METHODS, SIZES, Workload
from espnet_kd import host
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.inference.loading import choose_device
from espnet_kd.progress import progress
from espnet_kd.report.environment import environment_block
from espnet_kd.report.markdown import in_order

NOTES = """\
A step is forward pass, backward pass, gradient clipping, and optimizer, without data loading. It is
compiled and in half precision where the YAML file of the size says so.
Models have random weights. Each round times a step without KD, a step with KD, and a run of the
teacher, in turn. Times are medians over the rounds; the ratio is that of the medians, and the
brackets give its lowest and highest value in a single round. `none` is timed against itself, so its
brackets show what this machine can resolve. The teacher's share is its forward pass, timed alone.
Two noises make two mixtures of each utterance. A method with stages is shown in the stage that
distills. The step without KD is always supervised, on SIMU utterances. Memory is the peak of a step
beyond models and optimizer."""


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", choices=SIZES, default="mini", help="models of conf/mini or of conf"
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--utterances", type=int, help="per batch, by default that of the size")
    parser.add_argument("--threads", type=int, help="CPU threads, by default one per core")
    parser.add_argument("--ngpu", type=int, choices=(0, 1), default=int(torch.cuda.is_available()))
    parser.add_argument("--out", default="benchmarks/RESULTS.md", help="page for the section")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Measure, and write the table to the page."""
    args = get_parser().parse_args(cmd)
    for name in ("rounds", "utterances", "threads"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise UserError(f"--{name}", f"is {value}", "give 1 or more")
    device = choose_device(args.ngpu)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    work = SIZES[args.size]
    work = replace(work, utterances=args.utterances or work.utterances)
    methods = in_order(set(args.methods))
    host.prepare()
    from benchmarks.step_costs import cost_table, measure_methods

    with tempfile.TemporaryDirectory() as directory:
        costs = measure_methods(methods, work, device, args.rounds, Path(directory))
        rows = list(progress(costs, "methods", len(methods)))
    table = cost_table(rows)
    title = f"Training step of KD methods, {args.size} size, {'GPU' if args.ngpu else 'CPU'}"
    body = [environment_block() + _set_up(work, args.rounds, cmd), table, NOTES]
    put_section(args.out, title, "\n\n".join(body))
    print(table)


def _set_up(work: Workload, rounds: int, cmd: list[str] | None) -> str:
    options = sys.argv[1:] if cmd is None else cmd
    command = shlex.join(["python", "-m", "benchmarks.kd_step_cost", *options])
    return (
        f"\n- CPU threads: `{torch.get_num_threads()}`"
        f"\n- batch: {work.utterances} utterances, the longest {work.seconds:g} s; {rounds} rounds"
        f"\n- command: `{command}`"
    )


if __name__ == "__main__":
    main()
