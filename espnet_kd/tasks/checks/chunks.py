"""Utterances and categories that ESPnet leaves out of a training by chunks."""

from __future__ import annotations

import argparse
import re
from collections import Counter

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.tasks.checks.data_lists import categories


def check_chunks(args: argparse.Namespace) -> None:
    """Say what of each list is not trained on; refuse a list of nothing else.

    These are utterances too short for a chunk, and categories whose chunks do not fill a batch,
    which is of one category. ESPnet would go through a list of nothing else without a step, and
    keep the weights it started from.

    Args:
        args: of a training; the shape files hold lengths in samples.

    Raises:
        UserError: names the list and the length of a chunk, or the size of a batch.
    """
    for part, prefix in (("train", ""), ("valid", "valid_")):
        iterator = getattr(args, f"{prefix}iterator_type") or args.iterator_type
        files = getattr(args, f"{part}_shape_file")
        if iterator != "chunk" or not files or not args.chunk_discard_short_samples:
            continue
        # "32000", "16000,32000" or "16000-32000"; a chunk is shorter than its utterance.
        shortest = min(map(int, re.findall(r"\d+", str(args.chunk_length))))
        fields = {utt: value.split(",")[0] for utt, value in read_columns(files[0]).items()}
        lengths = {utt: int(field) for utt, field in fields.items() if field.isdigit()}
        long = {utt: length for utt, length in lengths.items() if length > shortest}
        _check_utterances(files[0], len(lengths), len(lengths) - len(long), shortest)
        shift = int(shortest * args.chunk_shift_ratio)
        category = categories(getattr(args, f"{part}_data_path_and_name_and_type"))
        chunks = Counter()
        for utterance, length in long.items():
            chunks[category.get(utterance, "")] += (length - shortest) // shift + 1
        _check_batches(files[0], chunks, getattr(args, f"{prefix}batch_size") or args.batch_size)


def _check_utterances(file: str, count: int, short: int, shortest: int) -> None:
    if count and short == count:
        raise UserError(
            file,
            f"none of {short} utterances is longer than a chunk, {shortest} samples",
            "make chunks shorter: --chunk_length, in the recipe by --se_args",
        )
    if short:
        print(
            f"{file}: {short} of {count} utterances are left out: not longer than a "
            f"chunk, {shortest} samples"
        )


def _check_batches(file: str, chunks: Counter[str], size: int) -> None:
    few = {kind: number for kind, number in chunks.items() if number < size}
    if few and len(few) == len(chunks):
        raise UserError(
            file,
            f"its {chunks.total()} chunks do not fill a batch of {size} of one category",
            "make batches smaller: --batch_size, in the recipe by --se_args",
        )
    for kind, number in few.items():
        print(f"{file}: {kind} is left out: its {number} chunks do not fill a batch of {size}")
