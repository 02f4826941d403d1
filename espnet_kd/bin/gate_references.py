"""Leave out pseudo-references in which a recognizer does not find the transcript.

No reference is needed: the transcript is known, so the CTC of a recognizer says how likely it is,
given the pseudo-reference. gate.tsv also has the value for the mixture.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path

from espnet_kd.data.kaldi_dir import read_set, write_set
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import write_lines
from espnet_kd.inference.ctc import CTCModel
from espnet_kd.inference.loading import add_recognizer_options, choose_device
from espnet_kd.inference.transcript_fit import transcript_fits
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.tasks.trained import load_asr_model

HEADER = "utterance\tmixture\treference\tkept"


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments, judge the pseudo-references, and write the set of those that are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_recognizer_options(parser)
    parser.add_argument("--pseudo", type=Path, required=True, help="set with pseudo-references")
    parser.add_argument("--out", type=Path, required=True, help="set directory to write")
    parser.add_argument(
        "--min_log_likelihood",
        type=float,
        default=-math.inf,
        help="lowest log likelihood per token of the transcript (default: -inf, keep all)",
    )
    options = parser.parse_args(cmd)
    tables = read_set(options.pseudo)
    if "spk1.scp" not in tables:
        raise UserError(options.pseudo / "spk1.scp", "does not exist", "make pseudo-references")
    model, args = load_asr_model(options.config, options.checkpoint)
    ctc = CTCModel(model, args, choose_device(options.ngpu))
    mixtures = read_utterances(options.pseudo, "text")
    references = [replace(utt, wave=tables["spk1.scp"][utt.name]) for utt in mixtures]
    before, after = (
        transcript_fits(utterances, ctc, options.nj, f"judge {name}")
        for name, utterances in (("mixtures", mixtures), ("references", references))
    )
    kept = {name for name, value in after.items() if value >= options.min_log_likelihood}
    lines = [
        f"{name}\t{before[name]:.4f}\t{after[name]:.4f}\t{int(name in kept)}"
        for name in tables["wav.scp"]
    ]
    write_lines(options.out / "gate.tsv", [HEADER, *lines])
    print(f"{options.out}: {len(kept)} of {len(after)} pseudo-references kept", file=sys.stderr)
    if not kept:
        raise UserError(
            options.out / "gate.tsv",
            f"no pseudo-reference reaches {options.min_log_likelihood:g}; the best has "
            f"{max(after.values()):.2f}",
            "lower --min_log_likelihood",
        )
    chosen = {name: {utt: table[utt] for utt in sorted(kept)} for name, table in tables.items()}
    write_set(options.out, chosen)


if __name__ == "__main__":
    main()
