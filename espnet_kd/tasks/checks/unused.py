"""Find utterances that no loss applies to, and losses that apply to no utterance."""

from __future__ import annotations

import argparse

from espnet_kd.distill.settings import LossSettings, read_losses
from espnet_kd.errors import UserError
from espnet_kd.tasks.checks.data_lists import DataList, kinds


def unused_utterances(args: argparse.Namespace) -> dict[str, set[str]]:
    """Find utterances that no loss applies to, usually because they have no reference.

    Args:
        args: arguments of a training.

    Returns:
        Their ids by part, "train" or "valid"; a part without such utterances is left out.

    Raises:
        UserError: no loss applies to any utterance of a list, or a loss applies to no training
            utterance.
    """
    losses = read_losses(args.kd_losses)
    if args.train_data_path_and_name_and_type:
        _check_losses_apply(losses, args.train_data_path_and_name_and_type)
    found = {}
    for part in ("train", "valid"):
        data = getattr(args, f"{part}_data_path_and_name_and_type")
        kind_of = kinds(data)
        used = {kind for kind in set(kind_of.values()) if _is_used(args, losses, *kind)}
        unused = {utterance for utterance, kind in kind_of.items() if kind not in used}
        if unused and not used:
            raise UserError(
                next(path for path, name, _ in data if name == "speech_ref1"),
                "no loss applies to any utterance, usually because it has no reference",
                "add simulated data, or a loss that needs only the teacher",
            )
        if unused:
            found[part] = unused
    return found


def _is_used(
    args: argparse.Namespace, losses: list[LossSettings], category: str | None, has_reference: bool
) -> bool:
    """Return whether any loss with a weight applies to such utterances."""
    return (has_reference and args.supervised_weight > 0) or any(
        entry.weight > 0 and entry.applies(category, has_reference) for entry in losses
    )


def _check_losses_apply(losses: list[LossSettings], data: DataList) -> None:
    """Reject a loss that would never be computed.

    Raises:
        UserError: names the loss.
    """
    present = set(kinds(data).values())
    for entry in losses:
        where = f"kd_losses, '{entry.name}'"
        if (entry.categories or entry.loss_class.needs_pairs) and not present:
            raise UserError(
                where,
                "depends on the category, which the training list lacks",
                "add <set>/utt2category,category,text",
            )
        if present and not any(entry.applies(*kind) for kind in present):
            raise UserError(
                where,
                "applies to no utterance of the training list (wrong category, or no reference)",
                "correct its categories or the list",
            )
