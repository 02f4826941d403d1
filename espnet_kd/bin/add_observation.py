"""Mix noisy speech back into speech that any program has enhanced; write it and its lists to OUT.

The enhanced signals are first brought to the level of the noisy ones, whatever their own level, as
`espnet_kd.bin.enhance --observation_weight` does. So stock ESPnet's output can be used as it is.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from espnet_kd.data.audio import num_samples
from espnet_kd.data.decode import decode
from espnet_kd.data.header import read_header
from espnet_kd.data.parallel import parallel_map
from espnet_kd.data.waves import read_wave, write_wave
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import read_paths, write_columns
from espnet_kd.inference.arguments import add_observation_option
from espnet_kd.inference.observation import ObservationWeight
from espnet_kd.inference.outputs import wave_path
from espnet_kd.options import split_fields

JOB_FORM = "ENHANCED:NOISY:OUT:WEIGHT"


@dataclass(frozen=True)
class Sum:
    """Files of one utterance."""

    enhanced: str
    noisy: str
    out: Path
    weight: ObservationWeight


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write one or more sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enhanced", help="list of enhanced files (wav.scp)")
    parser.add_argument("--noisy", help="list of noisy files (wav.scp)")
    parser.add_argument("--out", help="directory to write into")
    add_observation_option(parser)
    parser.add_argument(
        "--job",
        action="append",
        metavar=JOB_FORM,
        help="in place of these options, for several sets; may be repeated",
    )
    parser.add_argument("--nj", type=int, default=1, help="processes")
    options = parser.parse_args(cmd)
    jobs = [split_fields("--job", text, JOB_FORM) for text in options.job or ()]
    if not jobs:
        single = (options.enhanced, options.noisy, options.out)
        if None in single:
            parser.error("give --enhanced, --noisy and --out, or --job")
        jobs = [(*single, options.observation_weight)]
    lists = {out: _sums(enhanced, noisy, out, weight) for enhanced, noisy, out, weight in jobs}
    sums = [item for utterances in lists.values() for item in utterances.values()]
    lengths = iter(parallel_map(_write, sums, options.nj, "observation adding", chunk=16))
    for out, utterances in lists.items():
        counted = {name: next(lengths) for name in utterances}
        write_columns(Path(out) / "utt2num_samples", counted)
        write_columns(Path(out) / "wav.scp", {name: item.out for name, item in utterances.items()})


def _sums(enhanced_scp: str, noisy_scp: str, out: str, weight: str) -> dict[str, Sum]:
    chosen = ObservationWeight.parse(weight)
    enhanced, noisy = read_paths(enhanced_scp), read_paths(noisy_scp)
    missing = [name for name in enhanced if name not in noisy]
    if missing:
        raise UserError(noisy_scp, f"lacks '{missing[0]}'", "give the list that was enhanced")
    return {
        name: Sum(path, noisy[name], wave_path(out, name), chosen)
        for name, path in enhanced.items()
    }


def _write(item: Sum) -> int:
    """Write the sum, and return its number of samples."""
    import torch

    from espnet_kd.distill.gain import match_gain
    from espnet_kd.inference.loading import keep_to_one_core
    from espnet_kd.inference.observation import add_observation

    keep_to_one_core()
    length = num_samples(item.noisy)
    mixture = torch.from_numpy(read_wave(item.noisy, length))[None]
    estimate = decode(item.enhanced, read_header(item.enhanced), "float32")[:, 0].copy()
    if len(estimate) != length:
        raise UserError(
            item.enhanced,
            f"has {len(estimate)} samples, but {item.noisy} has {length}",
            "enhance again",
        )
    lengths = torch.tensor([length])
    estimate = match_gain(torch.from_numpy(estimate)[None], mixture, lengths)
    write_wave(item.out, add_observation(estimate, mixture, lengths, item.weight)[0].numpy())
    return length


if __name__ == "__main__":
    main()
