"""Enhance audio files: any rate from 8 to 192 kHz, any channels, wav, flac, ogg or mp3, any length.

Every channel is enhanced on its own. The output keeps rate, length, number of channels, level and,
in wav and flac, the sample format. A recording longer than --piece_seconds is enhanced in pieces
that overlap and are faded into each other. For a model whose output depends on a limited time
around each sample, that gives the samples of the whole. A model that normalizes over the
utterance (norm_type: gLN) or that has recurrent layers would need the whole recording; for these it
is an approximation.

With --stream, a causal model enhances the recording as if it arrived live, 16 ms at a time. The
output then has the level that the model gives it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from espnet_kd.characters import line
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.inference.arguments import add_observation_option
from espnet_kd.inference.observation import ObservationWeight


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and enhance.

    Raises:
        UserError: bad input. In a folder, the other files are enhanced before.
    """
    parser = get_parser()
    args = parser.parse_args(cmd)
    observation = ObservationWeight.parse(args.observation_weight)
    if args.piece_seconds is not None and not args.piece_seconds >= 1:
        raise UserError("--piece_seconds", f"is {args.piece_seconds:g}", "give at least 1")
    if args.stream and args.piece_seconds is not None:
        raise UserError("--piece_seconds", "is given with --stream", "leave one of them out")
    if args.stream and observation.even_snr is not None:
        problem = f"{observation} needs the whole recording, which a stream does not have"
        raise UserError("--observation_weight", problem, "give a number from 0 to 1")
    from espnet_kd.inference.files.formats import OutputFormat, Recording
    from espnet_kd.inference.files.places import find_places

    source, out = Path(args.input), Path(args.output)
    places = find_places(source, out, args.force)
    if not source.is_dir():  # a mistake is told before the model is loaded, which takes seconds
        OutputFormat.choose(Recording.open(source), places.pairs[0][1])
    from espnet_kd.inference.files.load import load_backend

    backend = load_backend(args.model, args.checkpoint)
    streamer = backend.streamer() if args.stream else None
    from espnet_kd.inference.files.enhance import enhance_file

    start, heard, failed = time.monotonic(), 0.0, 0
    for path, copy in places.pairs:
        try:
            done = enhance_file(
                Recording.open(path), copy, backend, observation, args.piece_seconds, streamer
            )
        except UserError as error:
            if not source.is_dir():
                raise
            print(f"error: {error}", file=sys.stderr, flush=True)
            failed += 1
            continue
        heard += done.seconds
        if done.clipped:
            print(
                f"warning: {line(str(copy))}: {done.clipped} samples clipped",
                file=sys.stderr,
                flush=True,
            )
    if failed:
        count = len(places.pairs)
        raise UserError(source, f"{failed} of {count} files were not enhanced", "see above")
    speed = (time.monotonic() - start) / heard
    words = [f"{heard:.1f} s", f"real-time factor {speed:.3f}"]
    if streamer is not None:
        words.append(f"latency {1000 * streamer.latency / backend.sample_rate:g} ms")
    if source.is_dir():
        words = [f"{len(places.pairs)} files", f"{places.skipped} other files skipped", *words]
    written = line(str(out if source.is_dir() else places.pairs[0][1]))
    print(f"{written}: {', '.join(words)}")


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("input", help="audio file, or a folder, which is walked")
    parser.add_argument("output", help="file to write, or a folder")
    parser.add_argument(
        "--model",
        help="training directory, packed model (.zip), .onnx of espnet-kd export-onnx, or "
        "peer:NAME for a pretrained denoiser of others; default: the small model that comes with "
        "this package",
    )
    parser.add_argument(
        "--checkpoint", default="", help="file of weights in --model; default: valid.*.ave.pth"
    )
    add_observation_option(parser)
    parser.add_argument(
        "--piece_seconds",
        type=float,
        help="longest piece that is enhanced at once (default: 20, or less for a model that would "
        "need more than 1 GB of memory with it)",
    )
    parser.add_argument(
        "--stream", action="store_true", help="enhance as a live signal; needs a causal model"
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing outputs")
    return parser


if __name__ == "__main__":
    main()
