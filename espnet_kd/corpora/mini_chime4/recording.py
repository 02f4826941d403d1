"""A recorded session, and how it becomes files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from espnet_kd.corpora.mini_chime4.audio import to_int16, write_channels
from espnet_kd.corpora.mini_chime4.faults import correlations
from espnet_kd.corpora.mini_chime4.names import folder_of
from espnet_kd.corpora.mini_chime4.plan import Session
from espnet_kd.corpora.mini_chime4.speech import RATE


@dataclass
class Recording:
    """What the tablet heard; full scale is 1.

    Attributes:
        speech: image of the talker at CH1 to CH6, shape (6, samples).
        rest: everything else, shape (6, samples).
        close: CH0 as its own recorder heard it, shape (samples,).
        spans: sample range of each utterance.
    """

    speech: np.ndarray
    rest: np.ndarray
    close: np.ndarray
    spans: list[slice]


def write_recording(
    session: Session, recording: Recording, audio: Path, truth: Path | None
) -> list[dict]:
    """Write a session: the whole under `embedded`, its utterances under `isolated`.

    Args:
        session: what was read.
        recording: what was heard.
        audio: the corpus' `audio/16kHz`.
        truth: where the talker's image alone goes, if anywhere.

    Returns:
        One annotation per utterance; `correlations` among its fields is not CHiME-4's and is meant
        for mic_error.csv.
    """
    tablet = to_int16(recording.speech + recording.rest)
    everything = np.concatenate([to_int16(recording.close)[None], tablet])
    write_channels(audio / "embedded" / session.name, everything, first=0)
    condition = "bth" if session.environment == "BTH" else "real"
    folder = folder_of(f"{session.subset}_{condition}", session.environment)
    speech = to_int16(recording.speech)
    annotations = []
    for utterance, span in zip(session.utterances, recording.spans, strict=True):
        write_channels(audio / "isolated" / folder / utterance.name, everything[:, span], first=0)
        if truth is not None:
            write_channels(truth / folder / utterance.name, speech[:, span], first=1)
        annotations.append(
            {
                "speaker": utterance.speaker,
                "wsj_name": utterance.prompt.wsj_name,
                "environment": utterance.environment,
                "wavfile": session.name,
                "start": span.start / RATE,
                "end": span.stop / RATE,
                "repeat": 1,
                "dot": utterance.prompt.dot,
                "correlations": correlations(tablet[:, span]).round(4).tolist(),
            }
        )
    return annotations
