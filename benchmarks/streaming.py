"""Measure size, latency and time per hop of the causal students, in fresh processes."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

from benchmarks.sections import put_section
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.progress import progress
from espnet_kd.report.environment import environment_block
from espnet_kd.report.markdown import GAP, table

STUDENTS = ("conf/se/gtcrn.yaml", "conf/se/conv_tasnet_causal.yaml")
STOCK = "conf/se/conv_tasnet_causal.yaml"  # what stock ESPnet streams as well
SPECTRUM = "conf/se/gtcrn.yaml"  # whose ONNX file has no STFT
STOCK_SHARE = 20  # stock runs this many times fewer hops
HEADER = (
    "student",
    "parameters",
    "MMAC/s",
    "latency (ms)",
    "hop (ms)",
    "time of a hop: mean (ms)",
    "SD",
    "median",
    "p95",
    "p99",
    "CPU time (ms)",
    "RTF",
    "CPU time / hop",
)
NOTES = """\
PyTorch or onnxruntime in float32 on one thread, random weights, one hop per call, encoder and
decoder included except where a row says otherwise. Each process drops its first 50 hops. Mean and
SD are over the means of the processes, median, p95 and p99 over all hops, RTF is mean / hop. CPU
time does not count what other processes take from the core. Latency is algorithmic: the samples
that an output sample waits for. `forward_streaming` is stock ESPnet's separator on the same
student, without encoder and decoder."""


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument("--hops", type=int, default=1000, help="timed hops of each process")
    parser.add_argument("--out", default="benchmarks/RESULTS.md", help="page for the section")
    return parser


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Measure, and write the table to the page."""
    args = get_parser().parse_args(cmd)
    for name in ("processes", "hops"):
        if getattr(args, name) < 1:
            raise UserError(f"--{name}", f"is {getattr(args, name)}", "give 1 or more")
    with tempfile.TemporaryDirectory() as folder:
        files = _call("export", folder, *STUDENTS)
        runs = [("stream", config, args.hops) for config in STUDENTS]
        runs.append(("stock", STOCK, max(1, args.hops // STOCK_SHARE)))
        runs += [("onnx", file, args.hops) for file in files]
        runs.append(("network", files[STUDENTS.index(SPECTRUM)], args.hops))
        # In turn, so that drift of the machine affects all of them equally.
        found: list[list[dict]] = [[] for _ in runs]
        for _ in progress(range(args.processes), "processes", args.processes):
            for results, run in zip(found, runs, strict=True):
                results.append(_call(*map(str, run)))
    count = len(STUDENTS)
    streams, stock, onnx, network = found[:count], found[count], found[count + 1 : -1], found[-1]
    rows = [student_row(config, results) for config, results in zip(STUDENTS, streams, strict=True)]
    ratios = [
        statistics.median(_means(stock, "cpu")) / statistics.median(_means(ours, "cpu"))
        for ours in (streams[STUDENTS.index(STOCK)], onnx[STUDENTS.index(STOCK)])
    ]
    rows.append(stock_row(stock))
    rows += [
        onnx_row(f"`{config}`, onnxruntime", results)
        for config, results in zip(STUDENTS, onnx, strict=True)
    ]
    rows.append(onnx_row(f"`{SPECTRUM}`, onnxruntime, without STFT", network))
    comparison = (
        "`forward_streaming` takes {:.0f} times the CPU time of our whole hop in PyTorch, and "
        "{:.0f} times that in onnxruntime."
    ).format(*ratios)
    options = sys.argv[1:] if cmd is None else cmd
    command = shlex.join(["python", "-m", "benchmarks.streaming", *options])
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = (
        f"- {args.processes} processes of {args.hops} hops\n"
        f"- load average at the end (1, 5, 15 min): `{load}` on `{os.cpu_count()}` cores\n"
        f"- command: `{command}`"
    )
    made = table(HEADER, rows)
    body = [f"{environment_block()}\n{lines}", made, comparison, NOTES]
    put_section(args.out, "Causal students, hop by hop", "\n\n".join(body))
    print(made, comparison, sep="\n\n")


def student_row(config: str, results: list[dict]) -> tuple[str, ...]:
    """Return the row of a student from the figures of its processes."""
    sizes = results[0]
    costs = f"{sizes['parameters']:,}", f"{sizes['macs'] / 1e6:.1f}"
    return (f"`{config}`", *costs, *_per_hop(results))


def onnx_row(name: str, results: list[dict]) -> tuple[str, ...]:
    """Return the row of an ONNX file, whose student has a row of its own."""
    return (name, GAP, GAP, *_per_hop(results))


def stock_row(results: list[dict]) -> tuple[str, ...]:
    """Return the row of stock ESPnet's form of the last student."""
    times, cpu = _times(results)
    return ("the same, `forward_streaming`", *[GAP] * 4, *times, f"{cpu:.2f}", GAP, GAP)


def _per_hop(results: list[dict]) -> tuple[str, ...]:
    hop, latency = (1e3 * results[0][name] / SAMPLE_RATE for name in ("hop", "latency"))
    times, cpu = _times(results)
    return (
        f"{latency:g}",
        f"{hop:g}",
        *times,
        f"{cpu:.2f}",
        f"{statistics.mean(_means(results, 'clock')) / hop:.2f}",
        f"{cpu / hop:.2f}",
    )


def _times(results: list[dict]) -> tuple[tuple[str, ...], float]:
    """Return mean, SD, median, p95 and p99 by the clock as text, and the mean CPU time, in ms."""
    means = _means(results, "clock")
    spread = statistics.stdev(means) if len(means) > 1 else 0.0
    hops = np.concatenate([result["clock"] for result in results])
    texts = tuple(
        f"{value:.2f}"
        for value in (statistics.mean(means), spread, *np.percentile(hops, [50, 95, 99]))
    )
    return texts, statistics.mean(_means(results, "cpu"))


def _means(results: list[dict], clock: str) -> list[float]:
    return [statistics.mean(result[clock]) for result in results]


def _call(*arguments: str) -> Any:
    """Run `stream_hops` in a process of its own; return what it printed."""
    command = [sys.executable, "-m", "benchmarks.stream_hops", *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(printed.splitlines()[-1])


if __name__ == "__main__":
    main()
