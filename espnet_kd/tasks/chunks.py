"""Utterances too short to be cut into chunks, which ESPnet leaves out of a training."""

from __future__ import annotations

import argparse
import re

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns


def check_chunks(args: argparse.Namespace) -> None:
    """Say how many utterances of each list give no chunk; refuse a list of nothing else.

    ESPnet would go through such a list without a step, and keep the weights it started from.

    Args:
        args: of a training; the shape files hold lengths in samples.

    Raises:
        UserError: names the list and the length of a chunk.
    """
    for part, prefix in (("train", ""), ("valid", "valid_")):
        iterator = getattr(args, f"{prefix}iterator_type") or args.iterator_type
        files = getattr(args, f"{part}_shape_file")
        if iterator != "chunk" or not files or not args.chunk_discard_short_samples:
            continue
        # "32000", "16000,32000" or "16000-32000"; a chunk is shorter than its utterance.
        shortest = min(map(int, re.findall(r"\d+", str(args.chunk_length))))
        lengths = [value.split(",")[0] for value in read_columns(files[0]).values()]
        short = sum(int(length) <= shortest for length in lengths if length.isdigit())
        if short == len(lengths):
            raise UserError(
                files[0],
                f"none of {short} utterances is longer than a chunk, {shortest} samples",
                "make chunks shorter: --chunk_length, in the recipe by --se_args",
            )
        if short:
            print(
                f"{files[0]}: {short} of {len(lengths)} utterances are left out: not longer than a "
                f"chunk, {shortest} samples"
            )
