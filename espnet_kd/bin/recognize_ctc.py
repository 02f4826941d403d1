"""Recognize sets by greedy CTC decoding; faster and less accurate than joint beam search."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.errors import exit_on_user_error
from espnet_kd.fileio import write_columns
from espnet_kd.inference.ctc_greedy import GreedyDecoder, decode_set
from espnet_kd.inference.loading import add_recognizer_options, choose_device
from espnet_kd.inference.utterances import read_recordings
from espnet_kd.options import split_fields
from espnet_kd.tasks.trained import load_asr_model

JOB_FORM = "SET_DIR:OUT_TEXT"


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and recognize one or more sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_recognizer_options(parser)
    parser.add_argument(
        "--job",
        action="append",
        required=True,
        metavar=JOB_FORM,
        help="directory with wav.scp and utt2num_samples, and the text to write; may be repeated",
    )
    options = parser.parse_args(cmd)
    jobs = [split_fields("--job", text, JOB_FORM) for text in options.job]
    sets = [read_recordings(set_dir) for set_dir, _ in jobs]
    model, args = load_asr_model(options.config, options.checkpoint)
    decoder = GreedyDecoder(model, args, choose_device(options.ngpu))
    for (set_dir, out), utterances in zip(jobs, sets, strict=True):
        title = f"recognize {Path(set_dir).name}"
        write_columns(out, decode_set(utterances, decoder, options.nj, title))


if __name__ == "__main__":
    main()
