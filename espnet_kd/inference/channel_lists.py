"""Lists of the microphones that recorded the same speech: `channels.scp` of a set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from espnet_kd.data.channels import FILE
from espnet_kd.errors import UserError
from espnet_kd.fileio import read_columns
from espnet_kd.inference.utterances import Utterance


def with_channels(utterances: Sequence[Utterance], directory: str | os.PathLike) -> list[Utterance]:
    """Add the channels that `channels.scp` lists for each utterance.

    Args:
        utterances: utterances of a set.
        directory: the set directory that the data stage wrote; without the file, no utterance has
            several channels.

    Raises:
        UserError: the file lacks an utterance, or the utterance's own recording is not the first.
    """
    path = Path(directory) / FILE
    if not path.exists():
        return list(utterances)
    table = read_columns(path)
    result = []
    for utt in utterances:
        channels = tuple(table.get(utt.name, "").split("\t"))
        if channels[0] != utt.wave:
            raise UserError(
                path,
                f"'{utt.name}' begins with '{channels[0]}' instead of '{utt.wave}'",
                "run the data stage again",
            )
        result.append(replace(utt, channels=channels if len(channels) > 1 else ()))
    return result
