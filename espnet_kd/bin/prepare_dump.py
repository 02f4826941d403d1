"""Make the sets that models read: length limits, speed perturbation, token list, shape files.

Audio is neither copied nor changed; speed perturbation is applied when the audio is read.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from espnet_kd.data import tokens
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.dump import Within, with_speeds
from espnet_kd.data.rows import Row, check_row_audio, read_rows, write_rows
from espnet_kd.data.spool import blocks
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import write_changed


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="directory of set directories")
    parser.add_argument("--dump", type=Path, required=True, help="directory for the new sets")
    parser.add_argument("--sets", nargs="+", default=[], help="sets with length limits")
    parser.add_argument("--test_sets", nargs="+", default=[], help="sets without length limits")
    parser.add_argument("--speed_sets", nargs="+", default=[], help="which of --sets to perturb")
    parser.add_argument("--speed_perturb_factors", default="1.0", help="factors for --speed_sets")
    parser.add_argument("--min_wav_duration", type=float, default=0.0, help="in seconds")
    parser.add_argument("--max_wav_duration", type=float, default=math.inf, help="in seconds")
    parser.add_argument("--token_type", choices=("char", "bpe"), default="char", help="token type")
    parser.add_argument("--nbpe", type=int, help="size of a BPE vocabulary")
    parser.add_argument(
        "--token_sets", nargs="+", required=True, help="sets whose text the tokens are made from"
    )
    parser.add_argument("--token_list", type=Path, required=True, help="tokens.txt to write")
    parser.add_argument("--nj", type=int, default=2, help="processes")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    factors = _factors(args.speed_perturb_factors)
    _check_names(args)
    tokenize, token_list = _make_tokens(args)

    def write(name: str, rows: Iterable[Row]) -> None:
        """Write a set; without feats_type if it has speeds, because ESPnet would ignore them."""
        unknown: set[str] = set()
        rows = _with_shapes(rows, f"text_shape.{args.token_type}", tokenize, token_list, unknown)
        size = write_rows(args.dump / name, rows)
        if unknown:
            print(f"{name}: not in the token list, read as <unk>: {' '.join(sorted(unknown))}")
        if not (args.dump / name / "utt2speed").exists():
            write_changed(args.dump / name / "feats_type", "raw\n")
        print(f"{args.dump / name}: {size} utterances")

    def prepare(name: str) -> None:
        """Write a set and its perturbed version; rows are read again each time, to save memory."""
        read = partial(read_rows, args.data / name)
        # Stage 10 cannot enhance silence. The large training sets are read only on request.
        check_row_audio(args.data / name, read(), args.nj, samples=name in args.test_sets)
        write(name, read() if name in args.test_sets else _limited(name, read(), args))
        if name in args.speed_sets:
            write(f"{name}_sp", _limited(f"{name}_sp", with_speeds(read, factors), args))

    for name in [*args.sets, *args.test_sets]:
        prepare(name)


def _factors(text: str) -> list[float]:
    try:
        factors = [float(word) for word in text.split()]
    except ValueError:
        factors = []
    if not factors or min(factors) <= 0 or len(set(factors)) < len(factors):
        raise UserError(
            "--speed_perturb_factors",
            f"value '{text}' is not a list of factors",
            "use e.g. 0.9 1.0 1.1",
        )
    return factors


def _check_names(args: argparse.Namespace) -> None:
    if not args.sets and not args.test_sets:
        raise UserError("--sets", "names no set", "name a set here or in --test_sets")
    for option, among in (
        ("speed_sets", args.sets),
        ("test_sets", set(args.test_sets) - set(args.sets)),
    ):
        for name in getattr(args, option):
            if name not in among:
                remedy = "name a set once, in --sets or --test_sets; only --sets can be perturbed"
                raise UserError(f"--{option}", f"set '{name}' does not fit the others", remedy)


def _make_tokens(args: argparse.Namespace) -> tuple[tokens.Tokenize, list[str]]:
    if args.token_type == "bpe" and args.nbpe is None:
        raise UserError("--nbpe", "is not given", "give the size of the BPE vocabulary")
    texts = tokens.read_texts(args.data / name / "text" for name in args.token_sets)
    if args.token_type == "char":
        tokenize, token_list = tokens.char_tokenizer(), tokens.char_token_list(texts)
    else:
        model = args.token_list.with_name("bpe.model")
        token_list = tokens.train_bpe(texts, args.nbpe, model)
        tokenize = tokens.bpe_tokenizer(model)
    tokens.write_token_list(args.token_list, token_list)
    print(f"{args.token_list}: {len(token_list)} tokens")
    return tokenize, token_list


def _with_shapes(
    rows: Iterable[Row],
    name: str,
    tokenize: tokens.Tokenize,
    token_list: Sequence[str],
    unknown: set[str],
) -> Iterator[Row]:
    """Yield rows with the shapes of their texts; add tokens not in the list to `unknown`."""
    for block in blocks(rows, tokens.BLOCK):
        text = {utterance: values["text"] for utterance, values in block}
        shapes, others = tokens.text_shapes(text, tokenize, token_list)
        unknown |= others
        yield from ((utt, {**values, name: shapes[utt]}) for utt, values in block)


def _limited(name: str, rows: Iterable[Row], args: argparse.Namespace) -> Iterator[Row]:
    limits = (args.min_wav_duration, args.max_wav_duration)
    within = Within(rows, *(seconds * SAMPLE_RATE for seconds in limits))
    yield from within
    if not within.kept:
        raise UserError(
            args.data / name.removesuffix("_sp"),
            f"none of its {within.seen} utterances is longer than {limits[0]} s and shorter than "
            f"{limits[1]} s",
            "give other --min_wav_duration or --max_wav_duration",
        )
    if within.kept < within.seen:
        print(
            f"{name}: {within.seen - within.kept} of {within.seen} utterances left out, not "
            f"between {limits[0]} and {limits[1]} s"
        )


if __name__ == "__main__":
    main()
