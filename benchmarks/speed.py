"""Measure what is beside stock ESPnet: training, enhancement, start, waiting, memory."""

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
Stock is ESPnet as installed: its task, its `enh_inference`, its `enh_train`; of the teacher, which
it has not, our model with its TemporalConvNet inside, eagerly. Both sides have the same weights and
data and take turns, round after round; costs are medians over the rounds, the ratio is that of the
medians, in brackets the least and the greatest of a round. Ours at the published size is as with
`compile: true`, and with `autocast_dtype: bfloat16` where that is said; steps are compiled, and
have the memory that they keep, before the first round, but starting a command is part of it. Models
have random weights, audio is noise, which costs the same.

A training step is forward, backward, clipping and optimizer at the published size, without loading
of data. On a CPU stock steps in a process of its own, for ours keep the memory that they free
(`enh/fast/allocator.py`); on a GPU whose memory is too small for the batch, a side adds up the
gradients of 2, 4, ... parts of it, and its rows say so. The memory of a step is what it takes at
its peak beyond models and optimizer. The share of the matrix peak is that of the operations a
second that a product of matrices reached, at best, in the same rounds and precision, by PyTorch's
`mm` (MKL in float32) or by oneDNN as in our blocks. The second table says what bounds a step: least
bytes are those that its matrix products and convolutions read and write, all else being fused into
them; bytes of stock are those of all its operations; least time is what the operations at the
matrix peak, or the least bytes at the speed of a copy in memory, would take. The last columns are
the shares of our step's computing time, the rest being element-wise work outside of the blocks,
loss, and optimizer. What the products themselves reach is the share of the peak divided by their
share of the time.

Enhancing is a whole command: stock's one process with all cores, and ours as stage 10 runs it, with
a job a core. Samples are compared as they are in the files. Memory of commands is that of all their
processes together. A training of whole utterances gains some 0.1 MB with each new length, as stock
does: PyTorch and oneDNN keep code for up to 1,024 (`LRU_CACHE_CAPACITY`,
`ONEDNN_PRIMITIVE_CACHE_CAPACITY`). Network attempts are look-ups of names and connections. Waiting
for data is `iter_time` of ESPnet's log as a share of `train_time`."""


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--rounds", type=int, default=3, help="of training steps")
    parser.add_argument("--command_rounds", type=int, default=1, help="of whole commands")
    parser.add_argument("--scratch", help="directory for audio and models; by default the system's")
    parser.add_argument(
        "--out", default="benchmarks/RESULTS.md", help="page to put a section into, of all rows"
    )
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Measure and put the tables into the page."""
    args = get_parser().parse_args(cmd)
    for name in ("rounds", "command_rounds"):
        if getattr(args, name) < 1:
            raise UserError(f"--{name}", f"is {getattr(args, name)}", "give 1 or more")
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")  # the profiler is loud without a GPU
    host.prepare()
    parts = [part for part in PARTS if part in args.rows]
    # Imports ESPnet, which has to wait for `host.prepare`.
    from benchmarks.speed_parts import Found, Options, measure_part

    found = Found()
    for part in progress(parts, "parts"):
        found.add(measure_part(part, Options(args.rounds, args.command_rounds, args.scratch)))
    print(found)
    if parts != list(PARTS):
        print("RESULTS.md has all rows or none: not written", file=sys.stderr)
        return
    options = sys.argv[1:] if cmd is None else cmd
    set_up = (
        f"{environment_block()}\n- CPU threads: `{torch.get_num_threads()}`\n- {args.rounds} rounds"
        f" of training steps, {args.command_rounds} of enhancing\n"
        f"- command: `{shlex.join(['python', '-m', 'benchmarks.speed', *options])}`"
    )
    put_section(args.out, "Beside stock ESPnet", f"{set_up}\n\n{found}\n\n{NOTES}")


if __name__ == "__main__":
    main()
