"""Compare training, enhancement, command start, data waits and memory with stock ESPnet."""

from __future__ import annotations

import argparse
import os
import shlex
import sys

import torch

from benchmarks.sections import put_section
from espnet_kd import host
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.progress import progress
from espnet_kd.report.environment import environment_block

PARTS = ("training", "teacher", "curve", "enhancing", "start", "epoch", "growth")
NOTES = """\
Stock is ESPnet as installed: its task, its `enh_inference`, and its `enh_train`. ESPnet does not
have the teacher, so stock's teacher is our model with ESPnet's TemporalConvNet inside, in eager
mode. Both sides have the same weights and data and take turns in every round. Costs are medians
over the rounds; the ratio is that of the medians, and the brackets give its lowest and highest
value in a single round. Ours at the published size runs with `compile: true`, and with
`autocast_dtype: bfloat16` in the rows that say bfloat16. Training steps are compiled and have
allocated the memory they keep before the first round; the time of a command includes its start.
Models have random weights and the audio is noise, which costs the same as trained models and
speech.

A training step is forward pass, backward pass, gradient clipping, and optimizer at the published
size, without data loading. On the CPU, the step of stock runs in a process of its own, because our
steps make their process keep the memory that they free (`enh/fast/allocator.py`). On a GPU whose
memory is too small for the batch, a side splits the batch into 2, 4, ... parts and adds up their
gradients, and its rows say so. The memory of a step is its peak beyond model and optimizer. The
share of the matrix peak compares the operations per second of our step with the highest rate that a
matrix product reached in the same rounds and precision, by PyTorch's `mm` (MKL in float32) or by
oneDNN as in our blocks. The second table shows what limits a step. Least bytes are what its matrix
products and convolutions read and write if everything else is fused into them; bytes of stock are
what all its operations read and write. Least time is the longer of two times: that of the
operations at the matrix peak, and that of the least bytes at the speed of a copy in memory. The
last two columns are shares of our step's computing time; the rest is element-wise work outside the
blocks, the loss, and the optimizer. The matrix products themselves reach the share of the peak
divided by their share of the time.

Enhancement is timed as a whole command: stock's one process on all cores, and ours as stage 10 runs
it, with one job per core. Samples are compared as they are in the files. The memory of a command is
that of all its processes together. A training on whole utterances gains about 0.1 MB with each new
length, as stock's does, because PyTorch and oneDNN cache code for up to 1,024 of them
(`LRU_CACHE_CAPACITY`, `ONEDNN_PRIMITIVE_CACHE_CAPACITY`). Network attempts are name lookups and
connections. Time waiting for data is `iter_time` in ESPnet's log as a share of `train_time`."""


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of training steps")
    parser.add_argument("--command_rounds", type=int, default=1, help="rounds of whole commands")
    parser.add_argument("--scratch", help="directory for audio and models, by default the system's")
    parser.add_argument(
        "--out", default="benchmarks/RESULTS.md", help="page for the section; needs all rows"
    )
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Measure, and write the tables to the page."""
    args = get_parser().parse_args(cmd)
    for name in ("rounds", "command_rounds"):
        if getattr(args, name) < 1:
            raise UserError(f"--{name}", f"is {getattr(args, name)}", "give 1 or more")
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")  # the profiler warns without a GPU
    host.prepare()
    parts = [part for part in PARTS if part in args.rows]
    # This imports ESPnet and so has to come after `host.prepare`.
    from benchmarks.speed_parts import Found, Options, measure_part

    found = Found()
    for part in progress(parts, "parts"):
        found.add(measure_part(part, Options(args.rounds, args.command_rounds, args.scratch)))
    print(found)
    if parts != list(PARTS):
        print(f"{args.out}: not written, because --rows left out some rows", file=sys.stderr)
        return
    options = sys.argv[1:] if cmd is None else cmd
    set_up = (
        f"{environment_block()}\n- CPU threads: `{torch.get_num_threads()}`\n- {args.rounds} rounds"
        f" of training steps, {args.command_rounds} of enhancement\n"
        f"- command: `{shlex.join(['python', '-m', 'benchmarks.speed', *options])}`"
    )
    put_section(args.out, "Comparison with stock ESPnet", f"{set_up}\n\n{found}\n\n{NOTES}")


if __name__ == "__main__":
    main()
