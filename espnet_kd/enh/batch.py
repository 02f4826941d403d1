"""A training batch: lengths are set, all utterances or none have references, none is silent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.errors import UserError


@dataclass
class Batch:
    """Utterances of one training step.

    Values that decide how the step proceeds are stored as Python numbers. They are read from the
    device once, because each read waits until the device has finished all its work.

    Attributes:
        mixture: (B, L).
        lengths: (B,) valid samples.
        samples: the same as Python integers; empty if all utterances were silent.
        reference: (B, L), or None if the utterances have no references.
        category: (B,) index into CATEGORIES, or None.
        present: categories in the batch; empty if unknown.
        text: (B, U) token ids, or None.
        text_lengths: (B,), or None.
        align: (B, U) center of each token in milliseconds, or None.
        paired: the second half of the batch is the first half with different noise.
        silent: places of the utterances that were left out, before any doubling.
    """

    mixture: torch.Tensor
    lengths: torch.Tensor
    samples: tuple[int, ...]
    reference: torch.Tensor | None
    category: torch.Tensor | None
    present: tuple[str, ...]
    text: torch.Tensor | None
    text_lengths: torch.Tensor | None
    align: torch.Tensor | None
    paired: bool = False
    silent: tuple[int, ...] = ()

    @property
    def conditions(self) -> dict[str, torch.Tensor | None]:
        """The inputs of a text-informed model other than the mixture."""
        return {"text": self.text, "text_lengths": self.text_lengths, "align": self.align}

    @property
    def single_category(self) -> str | None:
        """The category of all utterances; None if unknown.

        Raises:
            UserError: the batch contains several categories.
        """
        if len(self.present) > 1:
            raise UserError(
                "utt2category",
                "a batch contains several categories",
                "use iterator_type chunk, or sequence with batch_type folded, and keep "
                "utt2category next to the first data file",
            )
        return self.present[0] if self.present else None


def make_batch(
    speech_mix: torch.Tensor,
    speech_mix_lengths: torch.Tensor | None,
    speech_ref1: torch.Tensor,
    speech_mix2: torch.Tensor | None = None,
    text: torch.Tensor | None = None,
    text_lengths: torch.Tensor | None = None,
    align: torch.Tensor | None = None,
    utt2category: torch.Tensor | None = None,
) -> Batch:
    """Build a Batch from what ESPnet's collate function returns.

    Utterances whose mixture or reference has no signal (all samples are equal) are left out: no
    loss is defined for them, and the gradient of an SI-SNR would be NaN.

    Args:
        speech_mix: (B, L).
        speech_mix_lengths: (B,), or None if all have length L (the chunk iterator).
        speech_ref1: (B, L); NaN where an utterance has no reference.
        speech_mix2: (B, L) the same speech with different noise. If given, the batch has 2B
            utterances, and the second half uses these mixtures.
        text: (B, U).
        text_lengths: (B,).
        align: (B, U) in milliseconds.
        utt2category: (B, 1).

    Raises:
        UserError: only some of the utterances have references.
    """
    if speech_mix_lengths is None:
        shape, samples = speech_mix.shape[:1], speech_mix.shape[1]
        speech_mix_lengths = torch.full(shape, samples, device=speech_mix.device)
    batch = Batch(
        mixture=speech_mix,
        lengths=speech_mix_lengths,
        samples=(),
        reference=speech_ref1,
        category=None if utt2category is None else utt2category.reshape(-1),
        present=(),
        text=text,
        text_lengths=text_lengths,
        align=align,
    )
    facts = _facts(batch, speech_mix2)
    kept = [place for place, silent in enumerate(facts.silent) if not silent]
    if len(kept) < len(facts.silent):
        batch = _rows(batch, kept)
        speech_mix2 = None if speech_mix2 is None else speech_mix2[kept]
    missing = sum(facts.missing[place] for place in kept)
    if 0 < missing < len(kept):
        raise UserError(
            "speech_ref1",
            "a batch contains utterances with and without references",
            "keep utt2category next to the first data file, so that each batch has one category",
        )
    kinds = {facts.categories[place] for place in kept} if facts.categories else set()
    batch = replace(
        batch,
        samples=tuple(facts.samples[place] for place in kept),
        reference=None if missing else batch.reference,
        present=tuple(kind for index, kind in enumerate(CATEGORIES) if index in kinds),
        silent=tuple(place for place, silent in enumerate(facts.silent) if silent),
    )
    return batch if speech_mix2 is None else _doubled(batch, speech_mix2)


class _Facts(NamedTuple):
    """What must be known of each of B utterances: length, whether there is a reference, silence."""

    samples: tuple[int, ...]
    missing: tuple[int, ...]
    silent: tuple[int, ...]
    categories: tuple[int, ...]


def _facts(batch: Batch, second: torch.Tensor | None) -> _Facts:
    """Read lengths, missing references, silence and categories from the device, all at once."""
    signals = [batch.mixture, batch.reference, *([] if second is None else [second])]
    rows = [
        batch.lengths,
        batch.reference[:, 0].isnan(),
        torch.stack([constant(signal, batch.lengths) for signal in signals]).any(0),
        *([] if batch.category is None else [batch.category]),
    ]
    values = torch.stack([row.long() for row in rows]).tolist()
    return _Facts(*map(tuple, values), *([()] if batch.category is None else []))


def constant(signal: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return whether all samples of a signal are equal, e.g. digital silence.

    Args:
        signal: (B, L).
        lengths: (B,) valid samples.

    Returns:
        (B,) booleans; false where there is a NaN.
    """
    padding = torch.arange(signal.size(1), device=signal.device) >= lengths.unsqueeze(1)
    lowest = signal.masked_fill(padding, torch.inf).amin(1)
    return lowest >= signal.masked_fill(padding, -torch.inf).amax(1)


def _rows(batch: Batch, kept: list[int]) -> Batch:
    values = {
        name: value[kept] for name, value in vars(batch).items() if isinstance(value, torch.Tensor)
    }
    return replace(batch, **values)


def _doubled(batch: Batch, second: torch.Tensor) -> Batch:
    values = {
        name: torch.cat([value, value])
        for name, value in vars(batch).items()
        if isinstance(value, torch.Tensor)
    }
    mixture = torch.cat([batch.mixture, second])
    values |= {"mixture": mixture, "samples": 2 * batch.samples, "paired": True}
    return replace(batch, **values)
