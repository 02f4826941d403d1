"""Write Kaldi-style set directories for CHiME-4 or a corpus in its layout."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from espnet2.utils.types import str2bool, str_or_none

from espnet_kd.corpora.chime4.counts import counts_table
from espnet_kd.corpora.chime4.sets import Preparation
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.chime4.utterances import CHANNELS, parse_channels
from espnet_kd.corpora.references.simulated import ReferenceOptions, find_references
from espnet_kd.errors import exit_on_user_error


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--corpus", required=True, help="directory that contains data or CHiME3/data"
    )
    parser.add_argument("--out", type=Path, required=True, help="directory for the set directories")
    parser.add_argument(
        "--references",
        type=Path,
        required=True,
        help="directory for the references of simulated sets",
    )
    parser.add_argument(
        "--bad_references",
        choices=("stop", "leave_out"),
        default="stop",
        help="what to do with utterances whose reference fails the checks",
    )
    parser.add_argument(
        "--isolated_ext",
        type=str_or_none,
        help="clean signals of dt05 and et05 simu, as ESPnet's MATLAB simulation writes them",
    )
    parser.add_argument(
        "--take_isolated_ext",
        type=str2bool,
        default=True,
        help="use --isolated_ext as the references of dt05 and et05; false: only compare it with "
        "the references made here",
    )
    parser.add_argument(
        "--extra_annotations", type=str_or_none, help="track lists and mic_error.csv, if separate"
    )
    parser.add_argument(
        "--wsj0", type=str_or_none, help="WSJ0, for transcripts that the corpus lacks"
    )
    parser.add_argument("--channels", default=CHANNELS, help="training microphones")
    parser.add_argument(
        "--drop_failing",
        type=str2bool,
        default=True,
        help="leave failing microphones out of tr05_real, according to mic_error.csv, or to their "
        "levels for utterances not listed there",
    )
    parser.add_argument(
        "--allow_partial",
        type=str2bool,
        default=False,
        help="leave out missing audio instead of stopping",
    )
    parser.add_argument(
        "--check_audio", type=str2bool, default=False, help="read all audio; silence is an error"
    )
    parser.add_argument("--nj", type=int, default=2, help="processes")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    options = ReferenceOptions(
        args.references,
        isolated_ext=Path(args.isolated_ext) if args.isolated_ext else None,
        take_isolated_ext=args.take_isolated_ext,
        leave_out_bad=args.bad_references == "leave_out",
        nj=args.nj,
    )
    preparation = Preparation(
        tree=Chime4Tree(args.corpus, args.extra_annotations, args.wsj0),
        out=args.out,
        find_references=partial(find_references, options),
        channels=parse_channels(args.channels),
        drop_failing=args.drop_failing,
        allow_partial=args.allow_partial,
        check_audio=args.check_audio,
        nj=args.nj,
    )
    preparation.run()
    print(counts_table(preparation.counts, preparation.hours))


if __name__ == "__main__":
    main()
