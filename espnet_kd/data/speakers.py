"""Make `spk2utt` of a set from its `utt2spk`; memory does not grow with a speaker's utterances."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def speaker_table(utt2spk: Path) -> Iterator[bytes]:
    """Yield the content of `spk2utt` in small pieces, since one line may list all utterances.

    Args:
        utt2spk: file sorted by utterance; it is read twice.
    """
    runs = _runs(utt2spk)
    with utt2spk.open("rb") as lines:
        for speaker in sorted(runs):
            yield speaker
            for start in runs[speaker]:
                lines.seek(start)
                for line in lines:
                    utterance, other = line.split()
                    if other != speaker:
                        break
                    yield b" " + utterance
            yield b"\n"


def _runs(utt2spk: Path) -> dict[bytes, list[int]]:
    """Return the offsets in the file at which runs of each speaker's lines begin.

    Ids begin with their speaker, so there is one run per speaker unless one speaker's name begins
    with another's.
    """
    runs: dict[bytes, list[int]] = {}
    start, previous = 0, None
    with utt2spk.open("rb") as lines:
        for line in lines:
            speaker = line.split()[1]
            if speaker != previous:
                runs.setdefault(speaker, []).append(start)
            start, previous = start + len(line), speaker
    return runs


def holds_speakers(spk2utt: Path, utt2spk: Path) -> bool:
    """Return whether `spk2utt` agrees with `utt2spk`."""
    with spk2utt.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in speaker_table(utt2spk)) and not (
            file.read(1)
        )
