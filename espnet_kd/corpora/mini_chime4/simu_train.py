"""tr05_simu: clean sentences steered to the tablet, plus a segment of a background."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from espnet_kd.corpora.mini_chime4.array import (
    FILTER_DELAY,
    FRONT_GAIN,
    delays_from,
    filter_channels,
    smooth_response,
    steer,
)
from espnet_kd.corpora.mini_chime4.audio import (
    read_channels,
    samples_of,
    to_int16,
    write_channels,
)
from espnet_kd.corpora.mini_chime4.mixing import mix
from espnet_kd.corpora.mini_chime4.names import folder_of
from espnet_kd.corpora.mini_chime4.plan import Plan, Utterance
from espnet_kd.corpora.mini_chime4.real import talker_in
from espnet_kd.corpora.mini_chime4.seeds import generator
from espnet_kd.corpora.mini_chime4.speech import RATE, read_aloud
from espnet_kd.corpora.mini_chime4.voices import speaker
from espnet_kd.data.audio import write_samples

_ORG_LEVEL = 0.06
_ORG_FLOOR = 2.0 / 32768


def simulate(
    utterance: Utterance,
    plan: Plan,
    recorded: list[dict],
    background_seconds: float,
    seed: int,
    audio: Path,
) -> tuple[dict, dict]:
    """Make one utterance of tr05_simu and its original in tr05_org.

    CHiME-3's recipe (Barker et al. 2015): the WSJ0 sentence is equalized for each channel, delayed
    as if spoken at the place of a real talker, scaled, and added to a segment of a background.

    Args:
        utterance: the utterance as planned.
        plan: the whole corpus.
        recorded: annotations of tr05_real; one of them sets the talker's place (`ir_wavfile`).
        background_seconds: length of each background session.
        seed: seed of the corpus.
        audio: the `audio/16kHz` of the corpus, which already holds the backgrounds.

    Returns:
        The annotations for tr05_simu and tr05_org.
    """
    rng = generator(seed, "tr05_simu", utterance.name)
    words = utterance.prompt.words
    clean = read_aloud(rng, speaker(utterance.speaker, seed), words) * _ORG_LEVEL
    clean += rng.normal(0, _ORG_FLOOR, len(clean))
    original = to_int16(clean * min(1.0, 0.9 / np.abs(clean).max()))
    org = f"{utterance.speaker}_{utterance.prompt.wsj_name}_ORG"
    write_samples(audio / "isolated" / "tr05_org" / f"{org}.wav", original)

    samples = len(original)
    like = recorded[rng.integers(len(recorded))]
    colored = filter_channels(original, smooth_response(rng, 6, 0.7), samples + FILTER_DELAY)
    talker = talker_in(plan.named(like["wavfile"]), seed)
    steered = steer(colored[:, FILTER_DELAY:], delays_from(talker))
    gains = FRONT_GAIN * 10 ** (rng.normal(0, 1.0, 6) / 20)

    places = [name for name in plan.backgrounds if name.endswith(utterance.environment)]
    background = str(rng.choice(places))
    begin = int(rng.integers(0, round(background_seconds * RATE) - samples))
    start, end = begin / RATE, (begin + samples) / RATE
    span = samples_of(start, end)
    noise = read_channels(audio / "backgrounds" / background, range(1, 7), span.start, span.stop)
    mixture, _ = mix(steered * gains[:, None], noise, rng.normal(6.5, 3.5))
    folder = folder_of("tr05_simu", utterance.environment)
    write_channels(audio / "isolated" / folder / utterance.name, mixture, first=1)

    common = {
        "speaker": utterance.speaker,
        "wsj_name": utterance.prompt.wsj_name,
        "wavfile": org,
        "start": 0.0,
        "end": samples / RATE,
        "dot": utterance.prompt.dot,
    }
    simu = {
        **common,
        "environment": utterance.environment,
        "noise_wavfile": background,
        "noise_start": start,
        "noise_end": end,
        "ir_wavfile": like["wavfile"],
        "ir_start": like["start"],
        "ir_end": like["end"],
    }
    return simu, {**common, "environment": "ORG"}
