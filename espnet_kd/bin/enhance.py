"""Enhance sets with a trained model: DIR/<set>/{wav/<utterance>.wav,wav.scp,utt2num_samples}."""

from __future__ import annotations

import argparse

from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import write_columns
from espnet_kd.inference.arguments import add_observation_option, enhancement_parser
from espnet_kd.inference.command import TargetSet, enhance_sets
from espnet_kd.inference.outputs import finished

RECORD = "model.sha256"


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and enhance the sets; finished outputs of the same model are kept."""
    parser = enhancement_parser(__doc__)
    add_observation_option(parser)
    enhance_sets(parser, cmd, RECORD, _finish)


def _finish(target: TargetSet, options: argparse.Namespace) -> None:
    not_finite = [name for name, finite in finished(target.out).items() if not finite]
    if not_finite:
        raise UserError(
            options.checkpoint,
            f"output for '{min(not_finite)}' of {target.source} is not finite "
            f"({len(not_finite)} utterances)",
            "train the model again",
        )
    lengths = {utt.name: utt.num_samples for utt in target.utterances}
    write_columns(target.out / "utt2num_samples", lengths)
    # Written last, because a set without wav.scp is not finished.
    write_columns(target.out / "wav.scp", {utt.name: utt.output for utt in target.utterances})


if __name__ == "__main__":
    main()
