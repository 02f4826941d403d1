"""Write which recordings are channels of the same session: `channels.scp` of a set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from espnet_kd.fileio import write_lines

FILE = "channels.scp"  # `<utterance> <path>[<tab><path>...]`, its own recording first


def write_channels(
    directory: Path, sessions: Iterable[tuple[Mapping[str, str], Sequence[str]]]
) -> None:
    """Write `channels.scp` into a set directory.

    Args:
        directory: set directory.
        sessions: for each session, its utterances in the set with their recordings, and all usable
            recordings. Unusable ones may be utterances, but are not combined with others. All
            utterances together are in C order.
    """
    write_lines(directory / FILE, _lines(sessions), only_changed=True)


def _lines(sessions: Iterable[tuple[Mapping[str, str], Sequence[str]]]) -> Iterator[str]:
    for utterances, usable in sessions:
        for utterance, own in utterances.items():
            paths = dict.fromkeys([own, *usable]) if own in usable else [own]
            yield f"{utterance} " + "\t".join(paths)
