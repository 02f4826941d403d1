"""A training batch: lengths are always set, and all utterances have references or none has."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        samples: the same as Python integers.
        reference: (B, L), or None if the utterances have no references.
        category: (B,) index into CATEGORIES, or None.
        present: categories in the batch; empty if unknown.
        text: (B, U) token ids, or None.
        text_lengths: (B,), or None.
        align: (B, U) center of each token in milliseconds, or None.
        paired: the second half of the batch is the first half with different noise.
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
    category = None if utt2category is None else utt2category.reshape(-1)
    samples, missing, present = _facts(speech_mix_lengths, speech_ref1, category)
    if 0 < missing < len(samples):
        raise UserError(
            "speech_ref1",
            "a batch contains utterances with and without references",
            "keep utt2category next to the first data file, so that each batch has one category",
        )
    batch = Batch(
        mixture=speech_mix,
        lengths=speech_mix_lengths,
        samples=samples,
        reference=None if missing else speech_ref1,
        category=category,
        present=present,
        text=text,
        text_lengths=text_lengths,
        align=align,
    )
    return batch if speech_mix2 is None else _doubled(batch, speech_mix2)


def _facts(
    lengths: torch.Tensor, reference: torch.Tensor, category: torch.Tensor | None
) -> tuple[tuple[int, ...], int, tuple[str, ...]]:
    """Read the lengths, the number of missing references and the categories, all at once."""
    kinds = torch.arange(len(CATEGORIES), device=lengths.device)
    if category is None:
        present = torch.zeros_like(kinds)
    else:
        present = (category.unsqueeze(1) == kinds).any(0)
    missing = reference[:, 0].isnan().sum()
    facts = torch.cat([missing.view(1), present.long(), lengths.long()]).tolist()
    kinds_there = facts[1 : 1 + len(CATEGORIES)]
    return (
        tuple(facts[1 + len(CATEGORIES) :]),
        facts[0],
        tuple(kind for kind, there in zip(CATEGORIES, kinds_there, strict=True) if there),
    )


def _doubled(batch: Batch, second: torch.Tensor) -> Batch:
    values = {
        name: torch.cat([value, value])
        for name, value in vars(batch).items()
        if isinstance(value, torch.Tensor)
    }
    mixture = torch.cat([batch.mixture, second])
    values |= {"mixture": mixture, "samples": 2 * batch.samples, "paired": True}
    return replace(batch, **values)
