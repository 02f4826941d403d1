"""Enhance sets with a trained model: DIR/<set>/{wav/<utterance>.wav,wav.scp,utt2num_samples}."""

from __future__ import annotations

from pathlib import Path

from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import write_columns
from espnet_kd.inference.loading import enhancement_options, load_enhancer, read_set
from espnet_kd.inference.writer import begin_outputs, enhance_to, wave_path

RECORD = "model.sha256"


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and enhance; finished outputs of the same model are kept."""
    options = enhancement_options(__doc__, cmd)
    enhancer = load_enhancer(options)
    for set_dir in options.sets:
        out = Path(options.out) / Path(set_dir).name
        utterances, inputs = read_set(set_dir, enhancer, options)
        begin_outputs(out, RECORD, inputs)
        outcome = enhance_to(out, utterances, enhancer, options.nj)
        if outcome.not_finite:
            count = len(outcome.not_finite)
            raise UserError(
                options.checkpoint,
                f"output for '{min(outcome.not_finite)}' of {set_dir} is not finite ({count} such)",
                "train the model again",
            )
        write_columns(out / "utt2num_samples", {utt.name: utt.num_samples for utt in utterances})
        # Last, because a set without it is not finished.
        write_columns(out / "wav.scp", {utt.name: wave_path(out, utt.name) for utt in utterances})


if __name__ == "__main__":
    main()
