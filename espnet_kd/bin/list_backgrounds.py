"""List the background recordings of CHiME-4 or of a corpus in its layout."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.corpora.chime4.backgrounds import find_backgrounds
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import CHANNELS, parse_channels
from espnet_kd.errors import exit_on_user_error
from espnet_kd.fileio import write_columns


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--corpus", required=True, help="directory that contains data or CHiME3/data"
    )
    parser.add_argument("--channels", default=CHANNELS, help="microphones")
    parser.add_argument(
        "--out", type=Path, required=True, help="list to write, with lines NAME PATH"
    )
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    found = find_backgrounds(Chime4Tree(args.corpus), parse_channels(args.channels))
    write_columns(args.out, found)
    print(f"{args.out}: {len(found)} background recordings")


if __name__ == "__main__":
    main()
