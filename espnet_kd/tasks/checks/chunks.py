"""Check which utterances and categories ESPnet leaves out of a training on chunks."""

from __future__ import annotations

import argparse
import re
from collections import Counter

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.tasks.checks.data_lists import categories


def check_chunks(args: argparse.Namespace) -> None:
    """Report what a training on chunks leaves out; reject a list that it would leave out entirely.

    ESPnet leaves out utterances too short for a chunk and, because a batch holds one category,
    categories whose chunks do not fill a batch. If nothing of a list is left, ESPnet takes no
    training step and keeps the initial weights.

    Args:
        args: arguments of a training; the shape files hold lengths in samples.

    Raises:
        UserError: every utterance of a list is too short, or no category fills a batch; names the
            list and the length of a chunk or the size of a batch.
    """
    for part, prefix in (("train", ""), ("valid", "valid_")):
        iterator = getattr(args, f"{prefix}iterator_type") or args.iterator_type
        files = getattr(args, f"{part}_shape_file")
        if iterator != "chunk" or not files or not args.chunk_discard_short_samples:
            continue
        # "32000", "16000,32000" or "16000-32000"; an utterance must be longer than the shortest.
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
            f"none of {short} utterances is longer than a chunk ({shortest} samples)",
            "shorten the chunks with --chunk_length (in the recipe, through --se_args)",
        )
    if short:
        print(
            f"{file}: {short} of {count} utterances are left out: they are not longer than a "
            f"chunk ({shortest} samples)"
        )


def _check_batches(file: str, chunks: Counter[str], size: int) -> None:
    few = {kind: number for kind, number in chunks.items() if number < size}
    if few and len(few) == len(chunks):
        raise UserError(
            file,
            f"its {chunks.total()} chunks do not fill a batch of {size} in any category",
            "reduce --batch_size (in the recipe, through --se_args)",
        )
    for kind, number in few.items():
        print(
            f"{file}: {kind} is left out because its {number} chunks do not fill a batch of {size}"
        )
