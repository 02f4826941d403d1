"""Write training lists without the utterances that no loss applies to."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path

from espnet2.tasks.abs_task import IteratorOptions

from espnet_kd.fileio import read_columns, write_columns
from espnet_kd.tasks.checks.unused import unused_utterances

LOGGER = logging.getLogger(__name__)  # the root logger would configure itself on first use


def drop_unused(options: IteratorOptions, args: argparse.Namespace, part: str) -> IteratorOptions:
    """Drop utterances that no loss applies to, and log how many.

    Args:
        options: options of the iterator over the list.
        args: arguments of the training. Shorter lists go into `<output_dir>/data_{train,valid}`.
        part: "train" or "valid".

    Returns:
        The options with the shorter lists, or unchanged.

    Raises:
        UserError: see `unused_utterances`.
    """
    unused = unused_utterances(args).get(part)
    if not unused:
        return options
    LOGGER.warning(
        "%s: %d utterances left out: no loss applies to them (no reference, or wrong category)",
        part,
        len(unused),
    )
    folder = Path(args.output_dir) / f"data_{part}"

    def shortened(path: str) -> str:
        kept = {key: value for key, value in read_columns(path).items() if key not in unused}
        write_columns(folder / Path(path).name, kept)
        return str(folder / Path(path).name)

    # ESPnet makes batches of the utterances in the shape files and the first data file, and groups
    # them by the utt2category next to that file. The other files may list more utterances.
    first, *others = options.data_path_and_name_and_type
    beside = Path(first[0]).with_name("utt2category")
    if beside.exists():
        shortened(str(beside))
    return dataclasses.replace(
        options,
        data_path_and_name_and_type=[(shortened(first[0]), *first[1:]), *others],
        shape_files=[shortened(path) for path in options.shape_files],
    )
