"""What our ONNX files say about themselves, in their metadata."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from espnet_kd import __version__
from espnet_kd.errors import UserError

SPECTRUM, WAVE = "gtcrn", "espnet_kd_wave"  # sherpa-onnx asks for the first name
CACHES = ("conv_cache", "tra_cache", "inter_cache")  # of a spectrum model, in sherpa-onnx's words
COUNTS = ("sample_rate", "hop", "lead", "delay", "latency")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class OnnxInfo:
    """A model that enhances a hop, as its metadata describe it.

    Attributes:
        model_type: SPECTRUM, a frame of a spectrum with three flat caches, or WAVE, a hop of
            samples with any number of caches.
        model: class of the separator.
        sample_rate: in Hz.
        hop, lead, delay, latency: in samples; see `front_ends`.
        context: samples on either side that a sample of the output depends on; None if all.
        states: shapes of the caches, in the order of inputs and outputs.
    """

    model_type: str
    model: str
    sample_rate: int
    hop: int
    lead: int
    delay: int
    latency: int
    context: int | None
    states: tuple[Shape, ...]

    def metadata(self) -> dict[str, str]:
        """Return the entries of the file."""
        entries = {
            "model_type": self.model_type,
            "espnet_kd_version": __version__,
            "model": self.model,
            **{name: str(getattr(self, name)) for name in COUNTS},
            "context": "" if self.context is None else str(self.context),
            "state_shapes": ";".join(map(_text, self.states)),
            "comment": f"{self.model} of espnet_kd, a causal speech enhancement model; algorithmic "
            f"latency {1000 * self.latency / self.sample_rate:g} ms",
        }
        return {**entries, **self._for_sherpa()} if self.model_type == SPECTRUM else entries

    def _for_sherpa(self) -> dict[str, str]:
        """Return what sherpa-onnx demands of a GTCRN, beside model type and sampling rate."""
        return {
            "version": "1",
            "n_fft": str(2 * self.hop),
            "hop_length": str(self.hop),
            "window_length": str(2 * self.hop),
            "window_type": "hann_sqrt",
            **{
                f"{name}_shape": _text(shape)
                for name, shape in zip(CACHES, self.states, strict=True)
            },
        }

    @classmethod
    def read(cls, entries: Mapping[str, str], path: str | os.PathLike) -> OnnxInfo:
        """Return what the metadata of a file say.

        Raises:
            UserError: an entry is missing or has another form.
        """
        if entries.get("model_type") not in (SPECTRUM, WAVE) or "espnet_kd_version" not in entries:
            problem = "has no metadata of espnet_kd, so its states and frames are not known"
            raise UserError(path, problem, "export it with espnet-kd export-onnx")
        return cls(
            model_type=entries["model_type"],
            model=entries.get("model", ""),
            context=_context(entries, path),
            states=_states(entries, path),
            **{name: _count(entries, name, path) for name in COUNTS},
        )


def _text(shape: Shape) -> str:
    return ",".join(map(str, shape))


def _count(entries: Mapping[str, str], name: str, path: str | os.PathLike) -> int:
    text = entries.get(name, "")
    least = 0 if name in ("lead", "delay", "context") else 1
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise _damaged(path, name, text)
    return int(text)


def _context(entries: Mapping[str, str], path: str | os.PathLike) -> int | None:
    return _count(entries, "context", path) if entries.get("context") else None


def _states(entries: Mapping[str, str], path: str | os.PathLike) -> tuple[Shape, ...]:
    text = entries.get("state_shapes", "")
    try:
        return tuple(tuple(map(int, shape.split(","))) for shape in text.split(";") if shape)
    except ValueError:
        raise _damaged(path, "state_shapes", text) from None


def _damaged(path: str | os.PathLike, name: str, text: str) -> UserError:
    problem = f"{name} in its metadata is '{text}'"
    return UserError(path, problem, "export it again with espnet-kd export-onnx")
