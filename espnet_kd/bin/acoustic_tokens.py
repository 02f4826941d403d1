"""Make acoustic tokens for the KD loss: cluster a recognizer's latents of clean speech."""

from __future__ import annotations

import argparse

from espnet_kd.checkpoint import sha256
from espnet_kd.distill.centroids import Centroids, check_suffix, write_centroids
from espnet_kd.enh.recognizer import LAST, Recognizer
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.inference.acoustic_tokens import choose_utterances, cluster, encode_set
from espnet_kd.inference.loading import (
    add_model_options,
    add_process_option,
    choose_device,
)
from espnet_kd.inference.utterances import read_utterances
from espnet_kd.tasks.trained import load_asr_model


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments, encode and cluster the speech, and write the centroids."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_model_options(parser)
    add_process_option(parser)
    parser.add_argument("--clusters", type=int, default=500, help="number of tokens")
    parser.add_argument(
        "--layer",
        type=int,
        default=LAST,
        help="number of the encoder block, from 0; -1: encoder output",
    )
    parser.add_argument(
        "--max_utterances", type=int, help="draw this many at random (default: all)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw and the clustering")
    parser.add_argument("--out", required=True, help=".npz file to write")
    options = parser.parse_args(cmd)
    check_suffix(options.out)
    for name, least in {"clusters": 2, "max_utterances": 1}.items():
        value = getattr(options, name)
        if value is not None and value < least:
            raise UserError(f"--{name}", f"is {value}", f"give {least} or more")
    device = choose_device(options.ngpu)
    found = [utterance for set_dir in options.sets for utterance in read_utterances(set_dir)]
    utterances = choose_utterances(found, options.max_utterances, options.seed)
    model, _ = load_asr_model(options.config, options.checkpoint)
    batches = encode_set(Recognizer(model), options.layer, utterances, device, options.nj)
    result = cluster(batches, options.clusters, options.seed)
    checksum = sha256(options.checkpoint)
    write_centroids(options.out, Centroids(result.vectors, options.layer, checksum))
    print(
        f"{options.out}: {len(utterances)} utterances, {result.frames} frames, "
        f"mean squared distance {result.inertia:.4g}, {options.clusters} tokens with a perplexity "
        f"of {result.perplexity:.1f}, {result.empty} empty"
    )


if __name__ == "__main__":
    main()
