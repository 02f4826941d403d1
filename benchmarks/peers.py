"""Compare models with pretrained denoisers of others on the same clips, on one thread."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.sections import put_section
from espnet_kd.data.waves import read_wave
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import read_columns
from espnet_kd.inference.files.enhance import enhance_file
from espnet_kd.inference.files.formats import Recording
from espnet_kd.inference.files.load import PEER, load_backend
from espnet_kd.inference.observation import ONLY_ENHANCED
from espnet_kd.inference.peers.registry import PEERS
from espnet_kd.progress import progress
from espnet_kd.report.environment import environment_block
from espnet_kd.report.markdown import GAP, interval_cell, table
from espnet_kd.scoring.bootstrap import mean_interval
from espnet_kd.scoring.dnsmos import DNSMOS, dnsmos
from espnet_kd.scoring.se_metrics import score_pair

METRICS = {"si_snr": "SI-SNR [dB]", "pesq": "PESQ-WB", "stoi": "STOI [%]"}
NOISY = "noisy input"
NOTE = """\
Means with 95 % bootstrap intervals over clips. Every output has the level of its input. Real-time
factor: time of `espnet-kd enhance` for all clips, reading, resampling and writing included, divided
by their length, on one thread. Latency is algorithmic: what an output sample waits for at most.
The pretrained models were not trained for these clips, ours were: the table does not say which
method is better, but what a user gets on such speech. DNSMOS was trained on human speech."""


@dataclass
class System:
    """Scores of one system: a list of values for each measure, the clips in order."""

    name: str
    latency: float | None = None  # ms
    seconds: float = 0.0
    scores: dict[str, list[float]] = field(default_factory=dict)

    def add(self, scores: dict[str, float]) -> None:
        """Add the scores of a clip."""
        for name, value in scores.items():
            self.scores.setdefault(name, []).append(value)


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--set",
        action="append",
        required=True,
        metavar="DIR:REFERENCES",
        help="set directory, and list of its references (spk1.scp); may be repeated",
    )
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME=MODEL", help="a model to compare"
    )
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--most", type=int, default=32, help="clips of each set")
    parser.add_argument("--no_dnsmos", action="store_true", help="which takes most of the time")
    parser.add_argument("--out", default="benchmarks/RESULTS.md", help="page for the section")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Enhance, score, and write the tables to the page."""
    args = get_parser().parse_args(cmd)
    models = dict(_named(text) for text in args.model)
    models |= {f"{name} (pretrained)": PEER + name for name in args.peers}
    sections = []
    for text in args.set:
        folder, _, references = text.partition(":")
        clips = _clips(Path(folder), Path(references or f"{folder}/spk1.scp"), args.most)
        systems = compare(models, clips, with_dnsmos=not args.no_dnsmos)
        hours = f"{len(clips)} clips, {sum(clip[2].size for clip in clips) / 16000:.0f} s"
        sections.append(f"### {Path(folder).name} ({hours})\n\n{rows_of(systems)}")
    command = shlex.join(
        ["python", "-m", "benchmarks.peers", *(sys.argv[1:] if cmd is None else cmd)]
    )
    head = f"{environment_block()}\n- command: `{command}`"
    put_section(args.out, "Beside pretrained denoisers", "\n\n".join([head, *sections, NOTE]))
    print("\n\n".join(sections))


def compare(
    models: dict[str, str], clips: list[tuple[str, np.ndarray, np.ndarray]], with_dnsmos: bool
) -> list[System]:
    """Enhance and score all clips with all models.

    Args:
        models: what `load_backend` loads, by name.
        clips: path of the noisy recording, its samples, and those of the reference.
        with_dnsmos: whether to compute DNSMOS.
    """
    systems = [System(NOISY)]
    for _, mixture, reference in clips:
        systems[0].add(_scores(reference, mixture, with_dnsmos))
    for name, model in models.items():
        backend = load_backend(model)
        system = System(name, _latency(backend))
        for path, mixture, reference in progress(clips, name):
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder, "out.wav")
                start = time.perf_counter()
                enhance_file(Recording.open(Path(path)), out, backend, ONLY_ENHANCED)
                system.seconds += time.perf_counter() - start
                enhanced = soundfile.read(out, dtype="float32")[0]
            system.add(_scores(reference, enhanced[: len(mixture)], with_dnsmos))
        system.seconds /= sum(len(mixture) for _, mixture, _ in clips) / 16000
        systems.append(system)
    return systems


def rows_of(systems: list[System]) -> str:
    """Return the table, best SI-SNR first."""
    titles = {**METRICS, **DNSMOS}
    shown = [name for name in titles if name in systems[0].scores]
    rows = []
    for system in sorted(systems, key=lambda s: -float(np.mean(s.scores["si_snr"]))):
        cells = [
            interval_cell(mean_interval(_finite(system.scores[name])), 1 if name == "stoi" else 2)
            for name in shown
        ]
        speed = f"{system.seconds:.3f}" if system.seconds else GAP
        latency = GAP if system.latency is None else f"{system.latency:g}"
        rows.append((system.name, *cells, speed, latency))
    return table(("system", *(titles[n] for n in shown), "real-time factor", "latency (ms)"), rows)


def _finite(values: list[float]) -> np.ndarray:
    array = np.array(values)
    return array[np.isfinite(array)]


def _scores(reference: np.ndarray, estimate: np.ndarray, with_dnsmos: bool) -> dict[str, float]:
    scores = score_pair(reference, estimate, tuple(METRICS))
    return {**scores, **(dnsmos(estimate) if with_dnsmos else {})}


def _latency(backend) -> float | None:
    """Return the algorithmic latency in ms; None for a model that needs the whole recording."""
    latency = getattr(backend, "latency", None)
    if latency is None:
        try:
            latency = backend.streamer().latency
        except UserError:
            return None
    return 1000 * latency / backend.sample_rate


def _named(text: str) -> tuple[str, str]:
    name, separator, model = text.partition("=")
    if not separator:
        raise UserError("--model", f"is '{text}'", "write NAME=MODEL")
    return name, model


def _clips(folder: Path, references: Path, most: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    lengths = read_columns(folder / "utt2num_samples")
    mixtures, images = read_columns(folder / "wav.scp"), read_columns(references)
    names = [name for name in mixtures if name in images][:most]
    if not names:
        raise UserError(references, f"has no utterance of {folder}", "give its references")
    return [
        (
            mixtures[name],
            read_wave(mixtures[name], int(lengths[name])),
            read_wave(images[name], int(lengths[name])),
        )
        for name in names
    ]


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
