"""Training lists and references: what may be trained on, checked before anything is read."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from espnet_kd.data.rows import NO_REFERENCE
from espnet_kd.distill.settings import LossSettings, read_losses
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns, write_columns

LOGGER = logging.getLogger(__name__)  # the root would be set up by its first use
DataList = list[tuple[str, str, str]]  # path, name, type, as ESPnet's options give them


def check_references(data: DataList) -> None:
    """Refuse REAL utterances whose reference is their own noisy mixture, and absent references.

    Where the type of the references is `reference` and not `sound`, those of REAL utterances may be
    absent: `keep_teachable` then sees to it that none is trained on by a loss that needs one.

    Args:
        data: of training or validation.

    Raises:
        UserError: names the utterance.
    """
    path_of = {name: path for path, name, _ in data}
    if not {"category", "speech_mix", "speech_ref1"} <= path_of.keys():
        return
    may_lack = any(kind == "reference" for _, name, kind in data if name == "speech_ref1")
    mixture = read_columns(path_of["speech_mix"])
    reference = read_columns(path_of["speech_ref1"])
    for utterance, category in read_columns(path_of["category"]).items():
        found = reference.get(utterance)
        if found == NO_REFERENCE and category != "REAL":
            problem = f"{category} utterance '{utterance}' has no reference"
        elif category != "REAL" or (found == NO_REFERENCE and may_lack):
            continue
        elif found in (None, NO_REFERENCE):
            problem = f"REAL utterance '{utterance}' has no pseudo-reference"
        elif found == mixture.get(utterance):
            problem = f"the reference of REAL utterance '{utterance}' is its noisy mixture"
        else:
            continue
        raise UserError(path_of["speech_ref1"], problem, "run the pseudo-reference stage")


def unteachable(args: argparse.Namespace) -> dict[str, set[str]]:
    """Find utterances that no loss applies to, mostly for want of a reference.

    Args:
        args: of a training.

    Returns:
        Their ids by part: "train", "valid"; what has no such utterances is absent.

    Raises:
        UserError: nothing would be left of a list, or a loss applies to none of the training list.
    """
    losses = read_losses(args.kd_losses)
    if args.train_data_path_and_name_and_type:
        _check_losses_apply(losses, args.train_data_path_and_name_and_type)
    found = {}
    for part in ("train", "valid"):
        kinds = _kinds(getattr(args, f"{part}_data_path_and_name_and_type"))
        taught = {kind for kind in set(kinds.values()) if _learns(args, losses, *kind)}
        left_out = {utterance for utterance, kind in kinds.items() if kind not in taught}
        if left_out and not taught:
            data = getattr(args, f"{part}_data_path_and_name_and_type")
            raise UserError(
                next(path for path, name, _ in data if name == "speech_ref1"),
                "no loss applies to any utterance, mostly because it has no reference",
                "add simulated data, or a loss that looks at the teacher alone",
            )
        if left_out:
            found[part] = left_out
    return found


def keep_teachable(args: argparse.Namespace) -> None:
    """Leave out utterances that no loss applies to, aloud.

    Args:
        args: of a training; its lists are replaced by shorter ones, written into
            `<output_dir>/data_{train,valid}`, where any utterance is left out.

    Raises:
        UserError: see `unteachable`.
    """
    for part, left_out in unteachable(args).items():
        LOGGER.warning(
            "%s: %d utterances left out: no loss applies to them (no reference, or their category)",
            part,
            len(left_out),
        )
        _shorten(args, part, left_out)


def categories(data: DataList) -> dict[str, str]:
    """Category of each utterance; empty if the list has none."""
    files = [path for path, name, _ in data if name == "category"]
    return read_columns(files[0]) if files else {}


def _kinds(data: DataList) -> dict[str, tuple[str | None, bool]]:
    """Category of each utterance, and whether it has a reference; empty if they are not given."""
    path_of = {name: path for path, name, _ in data}
    if not {"category", "speech_ref1"} <= path_of.keys():
        return {}
    category = read_columns(path_of["category"])
    references = read_columns(path_of["speech_ref1"])
    return {utt: (category.get(utt), path != NO_REFERENCE) for utt, path in references.items()}


def check_batches(args: argparse.Namespace) -> None:
    """Refuse, for KD, batches that may hold several categories: losses depend on the category.

    Args:
        args: of a training.

    Raises:
        UserError: names the option.
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
                data[0][0], "has no utt2category beside it", "put it there: batches are made by it"
            )


def _learns(
    args: argparse.Namespace, losses: list[LossSettings], category: str | None, has_reference: bool
) -> bool:
    """Whether any loss with a weight applies to such utterances."""
    return (has_reference and args.supervised_weight > 0) or any(
        entry.weight > 0 and _applies(entry, category, has_reference) for entry in losses
    )


def _applies(entry: LossSettings, category: str | None, has_reference: bool) -> bool:
    """Whether a loss is computed on such utterances; a second noise is for simulated ones alone."""
    needs_reference = entry.loss_class.needs_reference or entry.loss_class.needs_pairs
    if needs_reference and not has_reference:
        return False
    if entry.loss_class.needs_pairs and category != "SIMU":
        return False
    return not entry.categories or category in entry.categories


def _check_losses_apply(losses: list[LossSettings], data: DataList) -> None:
    """Refuse a loss that would never be computed.

    Raises:
        UserError: names the loss.
    """
    kinds = set(_kinds(data).values())
    for entry in losses:
        where = f"kd_losses, '{entry.name}'"
        if (entry.categories or entry.loss_class.needs_pairs) and not kinds:
            raise UserError(
                where,
                "depends on the category, which the training list has not",
                "add <set>/utt2category,category,text",
            )
        if kinds and not any(_applies(entry, *kind) for kind in kinds):
            raise UserError(
                where,
                "applies to no utterance of the training list (category, or no reference)",
                "mend its categories or the list",
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
