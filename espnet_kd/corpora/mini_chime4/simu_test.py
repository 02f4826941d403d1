"""dt05_simu and et05_simu: booth speech plus noise estimated from a real recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from espnet_kd.corpora.mini_chime4.array import delays_from, steer
from espnet_kd.corpora.mini_chime4.audio import read_channels, samples_of, write_channels
from espnet_kd.corpora.mini_chime4.faults import WORKING
from espnet_kd.corpora.mini_chime4.mixing import level, mix
from espnet_kd.corpora.mini_chime4.names import folder_of
from espnet_kd.corpora.mini_chime4.plan import Session
from espnet_kd.corpora.mini_chime4.real import talker_in
from espnet_kd.corpora.mini_chime4.seeds import generator
from espnet_kd.corpora.mini_chime4.speech import RATE
from espnet_kd.corpora.references.noise_estimate import estimate_noise


def simulate_session(
    session: Session, real: list[dict], booth: list[dict], seed: int, audio: Path, ext: Path | None
) -> list[dict]:
    """Simulate the sentences of a real session, with the same talker in the same place.

    CHiME-3's recipe (Barker et al. 2015): CH0 of the booth is delayed for each channel with gain
    1/sqrt(6), scaled to the level of the speech in the real recording, and added to the noise
    estimated from that recording. Our interpretation: the talker does not move in a session.

    Args:
        session: the real session.
        real: annotations of its utterances.
        booth: annotations of the same sentences in the booth, in the same order.
        seed: seed of the corpus.
        audio: the `audio/16kHz` of the corpus, which already holds `embedded`.
        ext: directory for `<name>.CHn.Clean.wav` and `.Noise.wav`; None if they are not wanted.

    Returns:
        One annotation per utterance.
    """
    delays = delays_from(talker_in(session, seed))
    folder = folder_of(f"{session.subset}_simu", session.environment)
    annotations = []
    for spoken, heard in zip(booth, real, strict=True):
        name = f"{spoken['speaker']}_{spoken['wsj_name']}_{session.environment}"
        span = samples_of(spoken["start"], spoken["end"])
        speech = read_channels(
            audio / "embedded" / spoken["wavfile"], range(1), span.start, span.stop
        )[0]
        rng = generator(seed, "noise segment", session.name, name)
        begin = _noise_begin(rng, heard, real, len(speech))
        start, end = begin / RATE, (begin + len(speech)) / RATE
        noise, snr = _noise_and_snr(audio / "embedded" / session.name, samples_of(start, end))
        mixture, clean = mix(steer(speech, delays) / np.sqrt(6), noise, snr)
        write_channels(audio / "isolated" / folder / name, mixture, first=1)
        if ext is not None:
            write_channels(ext / folder / name, clean, first=1, suffix=".Clean")
            rounded = np.rint(noise).clip(-32768, 32767).astype(np.int16)
            write_channels(ext / folder / name, rounded, first=1, suffix=".Noise")
        annotations.append(
            {
                **{key: value for key, value in spoken.items() if key != "correlations"},
                "environment": session.environment,
                "noise_wavfile": session.name,
                "noise_start": start,
                "noise_end": end,
            }
        )
    return annotations


def _noise_begin(rng: np.random.Generator, heard: dict, real: list[dict], samples: int) -> int:
    """Choose the first sample of noise: at this sentence, or at another if a microphone fails."""
    broken = [
        samples_of(item["start"], item["end"])
        for item in real
        if min(item["correlations"]) <= WORKING
    ]
    starts = [round(item["start"] * RATE) for item in rng.permutation(real)]
    first = round(heard["start"] * RATE)
    for begin in (first, *starts):
        if all(begin >= bad.stop or begin + samples <= bad.start for bad in broken):
            return begin
    return first


def _noise_and_snr(stem: Path, span: slice) -> tuple[np.ndarray, float]:
    """Estimate the noise (16-bit units, shape (6, samples)) and the SNR in decibels."""
    channels = read_channels(stem, range(7), span.start, span.stop)
    noise = estimate_noise(channels[1:], channels[0])
    return noise, level(channels[1:] - noise) - level(noise)
