"""Check that each batch holds one category."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns


def check_batches(args: argparse.Namespace) -> None:
    """For KD, reject batches that may mix categories: which losses apply depends on the category.

    Args:
        args: arguments of a training.

    Raises:
        UserError: names the option, or the data file that lacks its categories.
    """
    if not args.kd_losses:
        return
    for part, prefix in (("train", ""), ("valid", "valid_")):
        data = getattr(args, f"{part}_data_path_and_name_and_type")
        files = [path for path, name, _ in data if name == "category"]
        if not files or len(set(read_columns(files[0]).values())) < 2:
            continue
        iterator = getattr(args, f"{prefix}iterator_type") or args.iterator_type
        batches = getattr(args, f"{prefix}batch_type") or args.batch_type
        if iterator == "sequence" and batches != "folded":
            raise UserError(
                f"--{prefix}batch_type",
                f"'{batches}' mixes categories in a batch",
                "use folded, or iterator_type chunk",
            )
        if not Path(data[0][0]).with_name("utt2category").exists():
            raise UserError(
                data[0][0],
                "has no utt2category next to it",
                "put it there; ESPnet groups batches by it",
            )
