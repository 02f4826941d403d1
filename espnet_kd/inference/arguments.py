"""Parse the command lines of commands that enhance sets.

One process can run several command lines, and several processes can share one.
"""

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
# If command lines are joined, the values of these options in the first one apply to all.
SHARED = ("part", "ngpu", "batch_seconds", "compile", "autocast_dtype")
METHODS = ("auto", "one", "channels", "channels_teacher")
CPU_BATCH_SECONDS = 4.0  # per job; larger batches gain at most 4 % and take more memory
GPU_BATCH_SECONDS = 320.0  # about 6 GB with the published Conv-TasNet


@dataclass(frozen=True)
class Part:
    """The part of the work that a process does.

    Attributes:
        begins: whether it prepares the output directories.
        finishes: whether it writes the lists.
        job: number of the share of utterances that it enhances, from 0.
        jobs: number of shares; 0 if it enhances no utterances.
    """

    begins: bool
    finishes: bool
    job: int = 0
    jobs: int = 0


PARTS = {"all": Part(True, True, 0, 1), "begin": Part(True, False), "finish": Part(False, True)}


def enhancement_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a command that enhances sets."""
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f"{AND} joins several such command lines; the values of "
        f"{', '.join(f'--{name}' for name in SHARED)} in the first one apply to all.",
    )
    add_model_options(parser)
    parser.add_argument("--out", required=True, help="directory to write the sets into")
    parser.add_argument("--text_name", help="file in each set with the teacher's transcripts")
    parser.add_argument("--align_name", help="file in each set with the teacher's alignments")
    parser.add_argument(
        "--part",
        type=_part,
        default="all",
        help="begin: prepare the directories and remove outputs made from other inputs; K/N: "
        "enhance the K-th of N shares; finish: write the lists; all: do everything in this process",
    )
    parser.add_argument(
        "--batch_seconds",
        type=_seconds,
        help="maximum duration of a batch including padding "
        f"(default: {CPU_BATCH_SECONDS:g}, on a GPU {GPU_BATCH_SECONDS:g})",
    )
    parser.add_argument(
        "--compile",
        choices=("true", "false"),
        default="false",
        help="compile the blocks of a Conv-TasNet; the process then takes longer to start",
    )
    parser.add_argument(
        "--autocast_dtype",
        choices=("bfloat16",),
        help="autocast precision of the separator (default: float32, no autocast)",
    )
    # Other functions here make them options.
    parser.set_defaults(observation_weight="1", method="one", channels_from=None)
    return parser


def add_observation_option(parser: argparse.ArgumentParser) -> None:
    """Add --observation_weight, for commands whose output is to be heard or recognized."""
    parser.add_argument(
        "--observation_weight",
        "--observation-weight",
        default="1",
        help="weight a of the enhanced signal in a * enhanced + (1 - a) * noisy: a number, or snrS "
        "for 1 / (1 + 10^((SNR - S) / 20)) with the SNR in dB that the model estimates; "
        "recognizers often prefer 0.5 to 0.8 (default: 1, nothing is added)",
    )


def add_channel_options(parser: argparse.ArgumentParser) -> None:
    """Add --method and --channels_from, for commands that may combine a recording's channels."""
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="one",
        help="one: enhance the channel of the mixture; channels: enhance all channels and combine "
        "them by a beamformer with that channel as reference; channels_teacher: enhance the result "
        "once more; auto: channels where there are several, otherwise one (default: one)",
    )
    parser.add_argument(
        "--channels_from", help="directory with <set>/channels.scp, which the data stage writes"
    )


def parse_lines(parser: argparse.ArgumentParser, cmd: list[str] | None) -> list[argparse.Namespace]:
    """Parse command lines that are joined by `--and`.

    Args:
        parser: parser from `enhancement_parser`.
        cmd: arguments; None for those of the process.
    """
    words = sys.argv[1:] if cmd is None else cmd
    lines = [list(line) for is_and, line in groupby(words, key=AND.__eq__) if not is_and]
    first = parser.parse_args(lines[0] if lines else [])
    parser.set_defaults(**{name: getattr(first, name) for name in SHARED})
    return [first, *map(parser.parse_args, lines[1:])]


def batch_samples(options: argparse.Namespace) -> int:
    """Return the maximum number of samples in a batch."""
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
