"""Make set directories for your own corpus, from a table or Kaldi directories."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet2.utils.types import str2bool

from espnet_kd.corpora.own.recordings import DIRECTORY_FORM, read_directory, read_table
from espnet_kd.corpora.own.table import OwnCorpus
from espnet_kd.errors import UserError, exit_on_user_error


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--table", type=Path, help="tab-separated table, see docs/data.md")
    parser.add_argument(
        "--dir",
        action="append",
        default=[],
        metavar=DIRECTORY_FORM,
        help="Kaldi directory, e.g. REAL:train:data/mine; may be repeated, also with --table",
    )
    parser.add_argument("--out", type=Path, required=True, help="directory of set directories")
    parser.add_argument(
        "--resample",
        type=str2bool,
        default=False,
        help="write 16-kHz 16-bit copies of audio in other formats, instead of stopping",
    )
    parser.add_argument(
        "--copies", type=Path, default=Path("dump/audio"), help="directory for copies"
    )
    parser.add_argument("--noise", type=Path, help="folder of background recordings")
    parser.add_argument(
        "--check_audio", type=str2bool, default=False, help="read all audio; silence is an error"
    )
    parser.add_argument("--nj", type=int, default=2, help="processes")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    if args.table is None and not args.dir:
        raise UserError(
            "--table", "is not given, nor --dir", "name a table (TABLE in db.sh); see docs/data.md"
        )
    recordings = [] if args.table is None else list(read_table(args.table))
    for option in args.dir:
        recordings += read_directory(option)
    corpus = OwnCorpus(
        recordings,
        out=args.out,
        copies=args.copies if args.resample else None,
        noise=args.noise,
        check_samples=args.check_audio,
        nj=args.nj,
    )
    print(corpus.write())


if __name__ == "__main__":
    main()
