"""A recorded session, and the function that writes it to files."""

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
    """The signals of a session; full scale is 1.

    Attributes:
        speech: image of the talker at CH1 to CH6, shape (6, samples).
        rest: everything else at CH1 to CH6, shape (6, samples).
        close: CH0 as its own recorder records it, shape (samples,).
        spans: sample range of each utterance.
    """

    speech: np.ndarray
    rest: np.ndarray
    close: np.ndarray
    spans: list[slice]


def write_recording(
    session: Session, recording: Recording, audio: Path, truth: Path | None
) -> list[dict]:
    """Write a session: all of it to `embedded`, its utterances to `isolated`.

    Args:
        session: the session as planned.
        recording: its signals.
        audio: the `audio/16kHz` of the corpus.
        truth: directory for the image of the talker; None if it is not wanted.

    Returns:
        One annotation per utterance. Its field `correlations` is for mic_error.csv; annotations of
        CHiME-4 do not have it.
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
