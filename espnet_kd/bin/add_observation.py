"""Mix noisy speech back into speech that any program has enhanced: write OUT/wav.scp and audio.

The enhanced signals are first brought to the level of the noisy ones, whatever their own level, as
`espnet_kd.bin.enhance --observation_weight` does. So stock ESPnet's output can be used as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from espnet_kd.data.audio import num_samples
from espnet_kd.data.decode import decode
from espnet_kd.data.header import read_header
from espnet_kd.data.waves import read_wave, write_wave
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import read_columns, write_columns
from espnet_kd.inference.arguments import add_observation_option
from espnet_kd.inference.observation import ObservationWeight
from espnet_kd.inference.outputs import wave_path
from espnet_kd.progress import progress


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enhanced", required=True, help="list of enhanced files (wav.scp)")
    parser.add_argument("--noisy", required=True, help="list of noisy files (wav.scp)")
    parser.add_argument("--out", required=True, help="directory to write into")
    add_observation_option(parser)
    options = parser.parse_args(cmd)
    weight = ObservationWeight.parse(options.observation_weight)
    enhanced, noisy = read_columns(options.enhanced), read_columns(options.noisy)
    missing = [name for name in enhanced if name not in noisy]
    if missing:
        raise UserError(options.noisy, f"lacks '{missing[0]}'", "give the list that was enhanced")
    written = {name: wave_path(options.out, name) for name in enhanced}
    sums = _sums(enhanced, noisy, weight)
    for name, wave in progress(sums, str(options.out), len(enhanced)):
        write_wave(written[name], wave)
    write_columns(Path(options.out) / "wav.scp", written)


def _sums(
    enhanced: dict[str, str], noisy: dict[str, str], weight: ObservationWeight
) -> Iterator[tuple[str, object]]:
    import torch

    from espnet_kd.distill.gain import match_gain
    from espnet_kd.inference.observation import add_observation

    for name, path in enhanced.items():
        length = num_samples(noisy[name])
        mixture = torch.from_numpy(read_wave(noisy[name], length))[None]
        estimate = torch.from_numpy(decode(path, read_header(path), "float32")[:, 0].copy())
        if len(estimate) != length:
            raise UserError(
                path,
                f"has {len(estimate)} samples, but {noisy[name]} has {length}",
                "enhance again",
            )
        lengths = torch.tensor([length])
        estimate = match_gain(estimate[None], mixture, lengths)
        yield name, add_observation(estimate, mixture, lengths, weight)[0].numpy()


if __name__ == "__main__":
    main()
