"""Compute word and character error rates of recognized sets, counted like NIST sclite."""

from __future__ import annotations

import argparse

from espnet_kd.errors import exit_on_user_error
from espnet_kd.fileio import read_lines
from espnet_kd.options import split_fields
from espnet_kd.scoring.wer import score_set

JOB_FORM = "HYP_TEXT:REF_DIR:OUT_DIR"


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and score one or more sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--job",
        action="append",
        required=True,
        metavar=JOB_FORM,
        help="recognized text, the set directory with text and utt2spk, and the directory for the "
        "scores (in wer/ and cer/); may be repeated",
    )
    parser.add_argument("--nlsyms_txt", help="words that are not scored, one per line")
    args = parser.parse_args(cmd)
    removed = _read_words(args.nlsyms_txt) if args.nlsyms_txt else ()
    for text in args.job:
        fields = split_fields("--job", text, JOB_FORM)
        rows = score_set(*fields, removed)
        wer, cer = (rows[name].percentages()[4] for name in ("wer", "cer"))
        print(f"{fields[2]}: WER {wer} % of {rows['wer'].counts.tokens} words, CER {cer} %")


def _read_words(path: str) -> set[str]:
    return {word for line in read_lines(path, "leave --nlsyms_txt out") for word in line.split()}


if __name__ == "__main__":
    main()
