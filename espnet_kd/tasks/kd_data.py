"""Training lists and references: what may be trained on, checked before anything is read."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.data.kaldi_dir import NO_REFERENCE
from espnet_kd.distill.settings import read_losses
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns

DataList = list[tuple[str, str, str]]  # path, name, type, as ESPnet's options give them


def check_references(data: DataList, distils: bool) -> None:
    """Refuse REAL utterances whose reference is their own noisy mixture, and absent references.

    Args:
        data: of training or validation.
        distils: KD losses are there, so that a REAL utterance can do without a reference.

    Raises:
        UserError: names the utterance.
    """
    path_of = {name: path for path, name, _ in data}
    if not {"category", "speech_mix", "speech_ref1"} <= path_of.keys():
        return
    mixture = read_columns(path_of["speech_mix"])
    reference = read_columns(path_of["speech_ref1"])
    for utterance, category in read_columns(path_of["category"]).items():
        found = reference.get(utterance)
        if found == NO_REFERENCE and category != "REAL":
            problem = f"{category} utterance '{utterance}' has no reference"
        elif category != "REAL" or (found == NO_REFERENCE and distils):
            continue
        elif found in (None, NO_REFERENCE):
            problem = f"REAL utterance '{utterance}' has no pseudo-reference"
        elif found == mixture.get(utterance):
            problem = f"the reference of REAL utterance '{utterance}' is its noisy mixture"
        else:
            continue
        raise UserError(path_of["speech_ref1"], problem, "run the pseudo-reference stage")


def keep_teachable(args: argparse.Namespace) -> None:
    """Leave out utterances that no loss can learn from: without a reference, where all need one.

    Args:
        args: of a training with KD losses; its lists are replaced by shorter ones, written into
            `<output_dir>/data_{train,valid}`, where any utterance is left out.

    Raises:
        UserError: a list would be empty.
    """
    teachable = {kind for kind in CATEGORIES if _learns_without_reference(args, kind)}
    for part in ("train", "valid"):
        data = getattr(args, f"{part}_data_path_and_name_and_type")
        path_of = {name: path for path, name, _ in data}
        if not {"category", "speech_ref1"} <= path_of.keys():
            continue
        category = read_columns(path_of["category"])
        left_out = {
            utterance
            for utterance, path in read_columns(path_of["speech_ref1"]).items()
            if path == NO_REFERENCE and category.get(utterance) not in teachable
        }
        if not left_out:
            continue
        if left_out >= category.keys():
            raise UserError(
                path_of["speech_ref1"],
                "no utterance has a reference, and every loss needs one",
                "add simulated data, or a loss that looks at the teacher alone",
            )
        logging.warning(
            "%s: %d of %d utterances left out, which have no reference: every loss needs one",
            part,
            len(left_out),
            len(category),
        )
        _shorten(args, part, left_out)


def _learns_without_reference(args: argparse.Namespace, category: str) -> bool:
    return any(
        entry.weight > 0
        and not entry.loss_class.needs_reference
        and (not entry.categories or category in entry.categories)
        for entry in read_losses(args.kd_losses)
    )


def _shorten(args: argparse.Namespace, part: str, left_out: set[str]) -> None:
    """Rewrite what batches are made of: shape files, first data file, utt2category beside it."""
    folder = Path(args.output_dir) / f"data_{part}"

    def write(path: str) -> str:
        kept = {key: value for key, value in read_columns(path).items() if key not in left_out}
        write_columns(folder / Path(path).name, kept)
        return str(folder / Path(path).name)

    data = getattr(args, f"{part}_data_path_and_name_and_type")
    beside = Path(data[0][0]).with_name("utt2category")
    if beside.exists():
        write(str(beside))
    setattr(
        args,
        f"{part}_data_path_and_name_and_type",
        [(write(data[0][0]), *data[0][1:]), *data[1:]],
    )
    shapes = [write(path) for path in getattr(args, f"{part}_shape_file")]
    setattr(args, f"{part}_shape_file", shapes)
