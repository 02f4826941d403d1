"""Command lines that enhance sets; several in one process, or one in several processes."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from itertools import groupby

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.errors import UserError
from espnet_kd.inference.loading import add_model_options

AND = "--and"
# What the first of joined command lines says of these holds for all.
SHARED = ("part", "ngpu", "batch_seconds", "compile", "autocast_dtype")
CPU_BATCH_SECONDS = 4.0  # a job; larger batches gain 4 % at most and take more memory
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


PARTS = {"all": Part(True, True, 0, 1), "begin": Part(True, False), "finish": Part(False, True)}


def enhancement_parser(description: str | None) -> argparse.ArgumentParser:
    """Make the parser of a command that enhances sets."""
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f"{AND} joins several such command lines; what the first says of "
        f"{', '.join(f'--{name}' for name in SHARED)} holds for all.",
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
        type=_seconds,
        help="audio of a batch at most, padding included "
        f"(default: {CPU_BATCH_SECONDS:g}, on a GPU {GPU_BATCH_SECONDS:g})",
    )
    parser.add_argument(
        "--compile",
        choices=("true", "false"),
        default="false",
        help="compile the blocks of a Conv-TasNet; a process takes longer to start",
    )
    parser.add_argument(
        "--autocast_dtype",
        choices=("bfloat16",),
        help="precision of the separator's products (default: float32)",
    )
    return parser


def parse_lines(parser: argparse.ArgumentParser, cmd: list[str] | None) -> list[argparse.Namespace]:
    """Parse command lines that `--and` joins.

    Args:
        parser: from `enhancement_parser`.
        cmd: words; None for those of the process.
    """
    words = sys.argv[1:] if cmd is None else cmd
    lines = [list(line) for is_and, line in groupby(words, key=AND.__eq__) if not is_and]
    first = parser.parse_args(lines[0] if lines else [])
    parser.set_defaults(**{name: getattr(first, name) for name in SHARED})
    return [first, *map(parser.parse_args, lines[1:])]


def batch_samples(options: argparse.Namespace) -> int:
    """Samples of a batch at most."""
    default = GPU_BATCH_SECONDS if options.ngpu else CPU_BATCH_SECONDS
    return int((options.batch_seconds or default) * SAMPLE_RATE)


def _part(text: str) -> Part:
    if text in PARTS:
        return PARTS[text]
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UserError("--part", f"is '{text}'", "give all, begin, finish, or K/N with K up to N")
    return Part(False, False, int(match[1]) - 1, int(match[2]))


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise UserError("--batch_seconds", f"is {text}", "give more than 0")
    return seconds
