"""Check that losses between utterances find at least two of them in the batch of each process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from espnet2.samplers.build_batch_sampler import build_batch_sampler
from espnet2.train.distributed_utils import get_num_nodes, get_world_size

from espnet_kd.distill.settings import LossSettings, read_losses
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.tasks.checks.data_lists import kinds

TOLERATED = 0.01  # share of the batches


def check_batch_sizes(args: argparse.Namespace) -> None:
    """Reject a training in which a loss between utterances would often be 0.

    ESPnet splits each batch over all processes, and a loss sees the part of its own process. A few
    small batches, such as the last one of each category, are only reported.

    Args:
        args: arguments of a training; the shape files hold lengths in samples.

    Raises:
        UserError: names the loss, the number of batches that are too small, and what to change.
    """
    losses = [
        entry
        for entry in read_losses(args.kd_losses)
        if entry.weight > 0 and entry.needed_utterances > 1
    ]
    for part, prefix in (("train", ""), ("valid", "valid_")) if losses else ():
        files = getattr(args, f"{part}_shape_file")
        if not files:
            continue
        batches = _batches(args, part, prefix, files)
        data = kinds(getattr(args, f"{part}_data_path_and_name_and_type"))
        for entry in losses:
            own = [batch for batch in batches if entry.applies(*data.get(batch[0], (None, True)))]
            _check(entry, own, processes(args), len(set(data.values())))


def processes(args: argparse.Namespace) -> int:
    """Return the number of processes that train together, as ESPnet counts them."""
    if args.multiprocessing_distributed:
        nodes = get_num_nodes(args.dist_world_size, args.dist_launcher) or 1
        return nodes * max(args.ngpu, 1)
    return get_world_size(args.dist_world_size, args.dist_launcher)


def _batches(
    args: argparse.Namespace, part: str, prefix: str, files: Sequence[str]
) -> list[tuple[str, ...]]:
    """Return the utterances of each batch of all processes; for chunks, one batch of each kind."""
    lengths = read_columns(files[0])  # a missing file is an error in one line
    iterator = getattr(args, f"{prefix}iterator_type") or args.iterator_type
    size = getattr(args, f"{prefix}batch_size") or args.batch_size
    data = getattr(args, f"{part}_data_path_and_name_and_type")
    if iterator == "chunk":  # every batch is full, and has one category
        first = {kind: utterance for utterance, kind in reversed(kinds(data).items())}
        return [(utterance,) * size for utterance in (first.values() or [next(iter(lengths))])]
    if iterator != "sequence":
        return []
    categories = Path(data[0][0]).with_name("utt2category")
    count = processes(args)
    sampler = build_batch_sampler(
        type=getattr(args, f"{prefix}batch_type") or args.batch_type,
        shape_files=list(files),
        fold_lengths=args.fold_length,
        batch_size=size,
        batch_bins=getattr(args, f"{prefix}batch_bins") or args.batch_bins,
        sort_in_batch=args.sort_in_batch,
        sort_batch=args.sort_batch,
        drop_last=args.drop_last_iter,
        min_batch_size=count if count > 1 else getattr(args, "min_batch_size", 1),
        utt2category_file=str(categories) if categories.exists() else None,
    )
    return list(sampler)


def _check(
    entry: LossSettings, batches: Sequence[tuple[str, ...]], count: int, kinds_of_batch: int
) -> None:
    least = entry.needed_utterances
    few = sum(len(batch) // count < least for batch in batches)  # of the last process
    if not few:
        return
    where = f"kd_losses, '{entry.name}'"
    problem = (
        f"compares utterances, but {few} of {len(batches)} batches leave a process fewer than"
        f" {least} ({count} {'process' if count == 1 else 'processes'})"
    )
    last = max(kinds_of_batch, 1)  # the last batch of each category may be a small one
    if few < len(batches) and few <= max(last, TOLERATED * len(batches)):
        print(f"{where}: {problem}")
        return
    raise UserError(
        where,
        problem,
        f"set --batch_size to at least {least * count}, raise --fold_length, or use fewer GPUs",
    )
