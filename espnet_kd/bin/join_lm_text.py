"""Join the text of set directories and other files, for training a language model."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from espnet_kd.data import tokens
from espnet_kd.data.lm_text import read_lm_text
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import atomic_path, checked_lines
from espnet_kd.progress import progress

BATCH = 10_000  # lines in memory


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--text", type=Path, nargs="+", required=True, help="files with lines ID WORDS"
    )
    parser.add_argument("--token_type", choices=("char", "bpe"), default="char", help="token type")
    parser.add_argument("--token_list", type=Path, required=True, help="tokens.txt")
    parser.add_argument("--bpemodel", type=Path, help="BPE model, for the token type bpe")
    parser.add_argument("--out", type=Path, required=True, help="directory for text and shape file")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    args = get_parser().parse_args(cmd)
    if args.token_type == "bpe" and args.bpemodel is None:
        raise UserError("--bpemodel", "is not given", "give the BPE model")
    tokenize = tokens.bpe_tokenizer(args.bpemodel) if args.bpemodel else tokens.char_tokenizer()
    token_list = [token for _, token in checked_lines(args.token_list)]
    count, missing = 0, set()
    with ExitStack() as files:
        text, shapes = (
            files.enter_context(
                files.enter_context(atomic_path(args.out / name)).open("w", encoding="utf-8")
            )
            for name in ("text", f"text_shape.{args.token_type}")
        )
        for batch in _batches(progress(read_lm_text(args.text), "text of the language model")):
            new, unknown = tokens.text_shapes(dict(batch), tokenize, token_list)
            text.writelines(f"{name} {words}\n" for name, words in batch)
            shapes.writelines(f"{name} {shape}\n" for name, shape in new.items())
            count, missing = count + len(batch), missing | unknown
    if missing:
        print(f"{args.out}: not in the token list, read as <unk>: {' '.join(sorted(missing))}")
    print(f"{args.out}: {count} sentences of {', '.join(map(str, args.text))}")


def _batches(lines: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while batch := list(itertools.islice(lines, BATCH)):
        yield batch


if __name__ == "__main__":
    main()
