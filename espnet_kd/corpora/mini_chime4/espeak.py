"""espeak-ng as a function from text to samples."""

from __future__ import annotations

import _ctypes
import ctypes
from dataclasses import dataclass

import espeakng_loader
import numpy as np

RATE = 22050
_RETRIEVE_AUDIO = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples go to the callback
_UTF8 = 1
_PARAMETERS = {"speed": 1, "pitch": 3, "pitch_range": 4}
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@dataclass(frozen=True)
class Reading:
    """How to read a text.

    Attributes:
        voice: espeak voice with an optional variant, e.g. "en-us+f2".
        speed: words per minute.
        pitch: 0 to 100.
        pitch_range: 0 (monotone) to 100.
    """

    voice: str
    speed: int
    pitch: int
    pitch_range: int


def synthesize(text: str, reading: Reading) -> np.ndarray:
    """Synthesize `text`.

    The library keeps state between utterances, and its output depends on that state. It is
    therefore loaded anew for each text (about 3 ms), so the same call returns the same samples.

    Returns:
        Samples at 22,050 Hz, int16, shape (samples,).

    Raises:
        RuntimeError: the library does not have the voice or does not start.
    """
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        return _speak(library, text, reading)
    finally:
        library.espeak_Terminate()
        _ctypes.dlclose(library._handle)


def _speak(library: ctypes.CDLL, text: str, reading: Reading) -> np.ndarray:
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_RETRIEVE_AUDIO, 0, data, 0)
    if rate != RATE:
        raise RuntimeError(f"espeak-ng did not start (returned {rate})")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    pieces: list[bytes] = []

    @_CALLBACK
    def collect(samples, count, events):  # noqa: ARG001
        if samples and count > 0:
            pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    library.espeak_SetSynthCallback(collect)
    if library.espeak_SetVoiceByName(reading.voice.encode()) != 0:
        raise RuntimeError(f"espeak-ng has no voice '{reading.voice}'")
    for name, number in _PARAMETERS.items():
        library.espeak_SetParameter(number, getattr(reading, name), 0)
    encoded = text.encode() + b"\0"
    library.espeak_Synth(encoded, len(encoded), 0, 0, 0, _UTF8, None, None)
    return np.frombuffer(b"".join(pieces), dtype=np.int16)
