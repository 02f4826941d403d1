"""Write the set train_si284 of WSJ0 and WSJ1, and the WSJ1 text for a language model."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet2.utils.types import str2bool

from espnet_kd.corpora.wsj.audio import require_sph2pipe
from espnet_kd.corpora.wsj.lm_text import write_lm_text
from espnet_kd.corpora.wsj.sets import NAME, training_set
from espnet_kd.corpora.wsj.tree import WsjTree
from espnet_kd.data.rows import write_rows
from espnet_kd.errors import exit_on_user_error


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--wsj0", required=True, help="directory of the WSJ0 discs")
    parser.add_argument("--wsj1", required=True, help="directory of the WSJ1 discs")
    parser.add_argument("--out", type=Path, required=True, help=f"directory for {NAME}")
    parser.add_argument("--audio", type=Path, required=True, help="directory for FLAC copies")
    parser.add_argument("--lm_text", type=Path, required=True, help="text file to write")
    parser.add_argument(
        "--allow_partial",
        type=str2bool,
        default=False,
        help="use the utterances that exist, instead of stopping at missing ones",
    )
    parser.add_argument("--nj", type=int, default=2, help="processes")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    require_sph2pipe()
    wsj0, wsj1 = WsjTree(args.wsj0), WsjTree(args.wsj1)
    rows = training_set(wsj0, wsj1, args.audio, args.nj, args.allow_partial)
    write_rows(args.out / NAME, rows)
    write_lm_text(wsj1, args.lm_text)


if __name__ == "__main__":
    main()
