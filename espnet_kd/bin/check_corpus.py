"""Check a corpus in CHiME-4's layout against its expected counts."""

from __future__ import annotations

import argparse

from espnet2.utils.types import str2bool, str_or_none

from espnet_kd.corpora.chime4.check import check
from espnet_kd.corpora.chime4.expected import read_expected
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.errors import UserError, exit_on_user_error


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("root", help="directory that contains data or CHiME3/data")
    parser.add_argument(
        "--extra_annotations", type=str_or_none, help="track lists and mic_error.csv, if separate"
    )
    parser.add_argument(
        "--allow_partial",
        type=str2bool,
        default=False,
        help="report mismatches, but do not fail",
    )
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    tree = Chime4Tree(args.root, args.extra_annotations)
    expected, source = read_expected(tree.data.parent)
    print(f"{tree.data}: compared with {source}")
    report = check(tree, expected)
    print(report.table())
    for remark in report.remarks:
        print(remark)
    for problem in report.problems:
        print(f"mismatch: {problem}")
    if not report.problems:
        print("everything matches")
    elif not args.allow_partial:
        others = len(report.problems) - 1
        raise UserError(
            tree.data,
            report.problems[0] + (f"; {others} more, see above" if others else ""),
            "restore the corpus, or continue with what is there: --allow_partial true",
        )


if __name__ == "__main__":
    main()
