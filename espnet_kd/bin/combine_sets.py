"""Join set directories into one, optionally keeping only every k-th utterance."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.data.combine import combine, subset
from espnet_kd.data.kaldi_dir import write_set
from espnet_kd.errors import exit_on_user_error


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="set directory to write")
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        help="keep every k-th utterance in C order; use a k without a common factor with the "
        "number of channels, so that all channels are kept",
    )
    parser.add_argument(
        "--drop_files",
        default="",
        help='optional files to leave out, e.g. "spk1.scp" for recognition',
    )
    parser.add_argument(
        "--absent_references",
        action="store_true",
        help="allow REAL sets without spk1.scp among sets that have it; for training with a "
        "teacher in the loop",
    )
    parser.add_argument("sets", type=Path, nargs="+", help="set directories")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    joint, left_out = combine(args.sets, args.drop_files.split(), args.absent_references)
    if left_out:
        print(f"{args.out}: without {' '.join(left_out)}, which not all sets have")
    chosen = subset(joint, args.every)
    write_set(args.out, chosen)
    print(f"{args.out}: {len(chosen['wav.scp'])} utterances of {len(args.sets)} sets")


if __name__ == "__main__":
    main()
