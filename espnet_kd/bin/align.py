"""Align transcripts to audio with a CTC model, and write the center of each token in ms."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import read_columns, write_columns
from espnet_kd.inference.forced_alignment import (
    Aligner,
    align_set,
    read_speeds,
    scale_alignment,
)
from espnet_kd.inference.loading import (
    add_model_options,
    add_process_option,
    choose_device,
)
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.naming import first_few
from espnet_kd.tasks.trained import load_asr_model


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and align sets, or derive the alignments of speed-perturbed sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_model_options(parser, required=False)
    add_process_option(parser)
    parser.add_argument("--text_name", default="text", help="file in each set with the transcripts")
    parser.add_argument("--out_name", default="align", help="file to write into each set")
    parser.add_argument(
        "--scale_from", help="original set; scale its alignment to the speed-perturbed --sets"
    )
    options = parser.parse_args(cmd)
    if options.scale_from:
        _scale(options)
    else:
        _align(options)


def _scale(options: argparse.Namespace) -> None:
    base_path = Path(options.scale_from) / options.out_name
    base = read_columns(base_path)
    for set_dir in options.sets:
        scaled = scale_alignment(base, read_speeds(set_dir), base_path)
        write_columns(Path(set_dir) / options.out_name, scaled)


def _align(options: argparse.Namespace) -> None:
    for name in ("config", "checkpoint"):
        if getattr(options, name) is None:
            raise UserError(f"--{name}", "is not given", "give the one of a CTC model")
    sets = {set_dir: read_utterances(set_dir, options.text_name) for set_dir in options.sets}
    model, args = load_asr_model(options.config, options.checkpoint)
    aligner = Aligner(model, args, choose_device(options.ngpu))
    for set_dir, utterances in sets.items():
        path = Path(set_dir) / options.out_name
        aligned = align_set(utterances, aligner, options.nj, f"align {Path(set_dir).name}")
        write_columns(path, {name: " ".join(map(str, ms)) for name, (ms, _) in aligned.items()})
        spread = sorted(name for name, (_, fits) in aligned.items() if not fits)
        print(f"{path}: {len(aligned) - len(spread)} utterances aligned", file=sys.stderr)
        if spread:
            print(
                f"{path}: {len(spread)} utterances too short for their text, tokens spread "
                f"evenly: {first_few(spread)}",
                file=sys.stderr,
            )


if __name__ == "__main__":
    main()
