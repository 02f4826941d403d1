"""Count the chunks that a training leaves out because they have no signal."""

from __future__ import annotations

from collections.abc import Sequence


class Silence:
    """How many chunks of an epoch were left out of the loss.

    Attributes:
        seen: number of chunks, or of whole utterances if batches have these.
        left_out: how many of them were left out.
        names: a few of the utterances that they are from.
    """

    NAMED = 3

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start an epoch."""
        self.seen = self.left_out = 0
        self.names: list[str] = []

    def count(self, size: int, silent: int, names: Sequence[str] = ()) -> None:
        """Add a batch.

        Args:
            size: number of chunks in it.
            silent: how many of them are left out.
            names: the utterances that these are from.
        """
        self.seen += size
        self.left_out += silent
        self.names = list(dict.fromkeys([*self.names, *names]))[: self.NAMED]

    def __str__(self) -> str:
        where = f", e.g. of {', '.join(self.names)}" if self.names else ""
        return (
            f"left out {self.left_out} of {self.seen} chunks, whose reference or mixture is "
            f"silent{where}"
        )
