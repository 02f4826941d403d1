"""An ONNX file of ours with weights in int8, and what that gains and costs."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.export.quiet import quiet
from espnet_kd.fileio import atomic_path
from espnet_kd.streaming.onnx_streamer import OnnxStreamer

HOPS = 300  # compared and timed, after as many that are not


@dataclass(frozen=True)
class Difference:
    """An int8 file beside its float32 file.

    Attributes:
        kilobytes: sizes of the float32 and the int8 file.
        milliseconds: median times of a hop.
        decibels: level of the difference of the outputs, relative to the float32 output.
    """

    kilobytes: tuple[float, float]
    milliseconds: tuple[float, float]
    decibels: float

    @property
    def pays(self) -> bool:
        """Whether int8 is faster, at less than 1 % of error."""
        return self.milliseconds[1] < self.milliseconds[0] and self.decibels < -40

    def __str__(self) -> str:
        size, time = self.kilobytes, self.milliseconds
        verdict = "it pays" if self.pays else "it does not pay"
        return (
            f"{size[1]:.0f} kB instead of {size[0]:.0f}, {time[1]:.2f} ms a hop instead of "
            f"{time[0]:.2f}, output differs by {self.decibels:.0f} dB: {verdict}"
        )


def write_int8(path: str | os.PathLike, out: str | os.PathLike) -> Difference:
    """Quantize the weights of a file to int8; activations are quantized while it runs.

    Args:
        path: file of `write_onnx`.
        out: file to write.

    Raises:
        UserError: onnx is not installed, or `path` is not ours.
    """
    float32 = OnnxStreamer(path)
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        problem = f"needs {error.name}, which is not installed"
        raise UserError("--int8", problem, "pip install 'espnet_kd[onnx]'") from None
    with atomic_path(out) as temporary:
        with quiet("root"):
            # Its integer convolution takes unsigned weights only.
            quantize_dynamic(os.fspath(path), os.fspath(temporary), weight_type=QuantType.QUInt8)
        proto = onnx.load(temporary)
        onnx.helper.set_model_props(proto, float32.info.metadata())
        onnx.save(proto, temporary)
        found = compare(float32, OnnxStreamer(temporary))
        sizes = tuple(file.stat().st_size / 1000 for file in (Path(path), temporary))
    return Difference(sizes, *found)


def compare(one: OnnxStreamer, other: OnnxStreamer) -> tuple[tuple[float, float], float]:
    """Return the median milliseconds of a hop of each, and the level of their difference in dB."""
    rng = np.random.default_rng(0)
    streamers = one, other
    states = [streamer.initial_state() for streamer in streamers]
    seconds: list[list[float]] = [[], []]
    outputs: list[list[np.ndarray]] = [[], []]
    for number in range(2 * HOPS):
        hop = 0.1 * rng.standard_normal((1, one.hop)).astype(np.float32)
        for index, streamer in enumerate(streamers):
            start = time.perf_counter()
            output, states[index] = streamer.step(hop, states[index])
            if number >= HOPS:
                seconds[index].append(time.perf_counter() - start)
                outputs[index].append(output)
    first, second = (np.concatenate(parts, axis=1) for parts in outputs)
    energy, error = (first**2).sum(), ((first - second) ** 2).sum()
    medians = [1000 * statistics.median(times) for times in seconds]
    return (medians[0], medians[1]), 10 * np.log10(max(error, 1e-20) / max(energy, 1e-20))
