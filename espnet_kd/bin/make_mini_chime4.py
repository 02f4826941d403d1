"""Make a synthetic corpus in CHiME-4's layout."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.corpora.mini_chime4.build import Request, build, summary
from espnet_kd.corpora.mini_chime4.scales import SCALES
from espnet_kd.errors import UserError, exit_on_user_error


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="root of the corpus, above data/")
    parser.add_argument("--scale", choices=sorted(SCALES), default="mini", help="size")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same files")
    parser.add_argument("--nj", type=int, default=1, help="processes")
    parser.add_argument(
        "--truth_dir",
        type=Path,
        help="also write the talker's true image in each real utterance here; only for research on "
        "the quality of pseudo-references, never for training; must be outside --out",
    )
    parser.add_argument(
        "--isolated_ext",
        type=Path,
        help="also write clean speech and noise of dt05_simu and et05_simu here, as CHiME-4's "
        "simulation tools do; must be outside --out",
    )
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    if args.nj < 1:
        raise UserError("--nj", f"{args.nj} is not a number of processes", "give 1 or more")
    print("\n".join(summary(build(Request(**vars(args))))))


if __name__ == "__main__":
    main()
