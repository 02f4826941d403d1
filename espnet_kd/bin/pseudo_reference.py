"""Write a teacher's output on real sets as pseudo-references: set directories with spk1.scp."""

from __future__ import annotations

import argparse

from espnet_kd.errors import exit_on_user_error
from espnet_kd.inference.arguments import add_channel_options, enhancement_parser
from espnet_kd.inference.command import TargetSet, enhance_sets
from espnet_kd.inference.pseudo_reference import write_pseudo_references

RECORD = "teacher.sha256"


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and make the pseudo-references of each set."""
    parser = enhancement_parser(__doc__)
    add_channel_options(parser)
    parser.add_argument("--nj", type=int, default=1, help="processes that check the estimates")
    enhance_sets(parser, cmd, RECORD, _finish)


def _finish(target: TargetSet, options: argparse.Namespace) -> None:
    write_pseudo_references(target.source, target.out, target.utterances, options.nj)


if __name__ == "__main__":
    main()
