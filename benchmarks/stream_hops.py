"""Time a causal student hop by hop in this process, and print the figures as JSON.

`benchmarks/streaming.py` starts it: KIND CONFIG HOPS, or KIND FILE HOPS for an ONNX file, or export
FOLDER CONFIG..., which writes these files. It imports the layers alone, so that a process starts
quickly.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from espnet_kd import host
from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.yaml_base import merged, read_with_bases

WARM_UP = 50  # hops that are not timed


def student(config: str | Path) -> nn.Module:
    """Build encoder, separator and decoder of a YAML, with random weights."""
    host.prepare()
    from espnet2.enh.decoder.conv_decoder import ConvDecoder
    from espnet2.enh.encoder.conv_encoder import ConvEncoder

    from espnet_kd.enh.layers.causal_stft import CausalSTFTDecoder, CausalSTFTEncoder
    from espnet_kd.enh.separator.gtcrn import GTCRNSeparator
    from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator

    encoders = {"causal_stft": CausalSTFTEncoder, "conv": ConvEncoder}
    decoders = {"causal_stft": CausalSTFTDecoder, "conv": ConvDecoder}
    separators = {"gtcrn": GTCRNSeparator, "tcn": MaskedTCNSeparator}
    conf = merged(read_with_bases(config))
    torch.manual_seed(0)
    model = nn.Module()
    model.encoder = encoders[conf["encoder"]](**conf["encoder_conf"])
    model.separator = separators[conf["separator"]](
        model.encoder.output_dim, **conf["separator_conf"]
    )
    model.decoder = decoders[conf["decoder"]](**conf["decoder_conf"])
    return model.eval()


def time_hops(step: Callable[[], None], hops: int) -> dict[str, list[float]]:
    """Return the milliseconds of each hop, by the clock and of this process on the CPU."""
    for _ in range(min(WARM_UP, hops)):
        step()
    times: dict[str, list[float]] = {"clock": [], "cpu": []}
    for _ in range(hops):
        clock, cpu = time.perf_counter(), time.process_time()
        step()
        times["cpu"].append(1e3 * (time.process_time() - cpu))
        times["clock"].append(1e3 * (time.perf_counter() - clock))
    return times


def measure_stream(config: str | Path, hops: int) -> dict:
    """Stream noise through a student; return its sizes and the time of each hop."""
    from espnet_kd.scoring.complexity import count_macs, count_parameters
    from espnet_kd.streaming.streamer import Streamer

    model = student(config)
    streamer = Streamer(model)
    second = 0.1 * torch.randn(1, SAMPLE_RATE)
    _, state = streamer.step(second, streamer.initial_state())
    macs = count_macs(lambda: streamer.step(second, state))
    chunk = second[:, : streamer.hop]

    def step() -> None:
        nonlocal state
        _, state = streamer.step(chunk, state)

    return {
        "parameters": count_parameters(model),
        "macs": macs,
        "hop": streamer.hop,
        "latency": streamer.latency,
        **time_hops(step, hops),
    }


def measure_stock(config: str | Path, hops: int) -> dict:
    """Run a causal Conv-TasNet frame by frame as stock ESPnet does: its whole receptive field."""
    model = student(config)
    frame, buffer = torch.randn(1, 1, model.encoder.output_dim).relu(), None

    @torch.inference_mode()
    def step() -> None:
        nonlocal buffer
        _, buffer, _ = model.separator.forward_streaming(frame, buffer)

    return time_hops(step, hops)


def measure_onnx(path: str | Path, hops: int) -> dict:
    """Stream noise through an ONNX file in onnxruntime, encoder and decoder included."""
    from espnet_kd.streaming.onnx_streamer import OnnxStreamer

    streamer = OnnxStreamer(path)
    second = 0.1 * np.random.default_rng(0).standard_normal((1, SAMPLE_RATE)).astype(np.float32)
    chunk = second[:, : streamer.hop]
    _, state = streamer.step(second, streamer.initial_state())

    def step() -> None:
        nonlocal state
        _, state = streamer.step(chunk, state)

    return {"hop": streamer.hop, "latency": streamer.latency, **time_hops(step, hops)}


def measure_network(path: str | Path, hops: int) -> dict:
    """Run the graph of a spectrum model alone, without STFT."""
    from espnet_kd.streaming.onnx_hops import Graph
    from espnet_kd.streaming.onnx_session import open_model

    session, info = open_model(path)
    run = Graph(session, info)
    frame = np.random.default_rng(0).standard_normal((1, info.hop + 1, 1, 2)).astype(np.float32)
    states = run.silence

    def step() -> None:
        nonlocal states
        _, states = run(frame, states)

    return {"hop": info.hop, "latency": info.latency, **time_hops(step, hops)}


def export(folder: str, *configs: str) -> list[str]:
    """Write the students of YAML files as ONNX; return the files."""
    students = [student(config) for config in configs]
    from espnet_kd.export.onnx import write_onnx

    paths = [str(Path(folder, Path(config).stem).with_suffix(".onnx")) for config in configs]
    for model, path in zip(students, paths, strict=True):
        write_onnx(model, path)
    return paths


MEASURES = {
    "stream": measure_stream,
    "stock": measure_stock,
    "onnx": measure_onnx,
    "network": measure_network,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    kind, *arguments = sys.argv[1:]
    if kind == "export":
        print(json.dumps(export(*arguments)))
    else:
        print(json.dumps(MEASURES[kind](arguments[0], int(arguments[1]))))
