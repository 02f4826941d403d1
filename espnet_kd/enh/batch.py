"""A batch as the models see it: complete lengths, one category, references or none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from espnet_kd.data.categories import CATEGORIES
from espnet_kd.errors import UserError


@dataclass
class Batch:
    """Utterances of one training step.

    What decides how a step goes on is held as numbers, read from the device once: each reading
    waits until the device has done all its work.

    Attributes:
        mixture: (B, L).
        lengths: (B,) valid samples.
        samples: the same as numbers.
        reference: (B, L), or None where the utterances have none.
        category: (B,) index into CATEGORIES, or None.
        present: categories of the utterances; empty if unknown.
        text: (B, U) token ids, or None.
        text_lengths: (B,), or None.
        align: (B, U) center of each token in milliseconds, or None.
        paired: the second half is the first with another noise.
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
        """What a text-informed model reads beside the mixture."""
        return {"text": self.text, "text_lengths": self.text_lengths, "align": self.align}

    @property
    def single_category(self) -> str | None:
        """The category of all utterances; None if unknown.

        Raises:
            UserError: there are several.
        """
        if len(self.present) > 1:
            raise UserError(
                "utt2category",
                "a batch holds several categories",
                "use iterator_type chunk, or sequence with batch_type folded, and keep "
                "utt2category beside the first data file",
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
    """Build a Batch from what ESPnet's collate function gives.

    Args:
        speech_mix: (B, L).
        speech_mix_lengths: (B,), or None when all have length L (the chunk iterator).
        speech_ref1: (B, L); NaN where an utterance has no reference.
        speech_mix2: (B, L) the same speech with another noise. The batch then holds 2B utterances,
            the second half with it.
        text: (B, U).
        text_lengths: (B,).
        align: (B, U) in milliseconds.
        utt2category: (B, 1).

    Raises:
        UserError: some utterances have references and others have none.
    """
    if speech_mix_lengths is None:
        shape, samples = speech_mix.shape[:1], speech_mix.shape[1]
        speech_mix_lengths = torch.full(shape, samples, device=speech_mix.device)
    category = None if utt2category is None else utt2category.reshape(-1)
    samples, missing, present = _facts(speech_mix_lengths, speech_ref1, category)
    if 0 < missing < len(samples):
        raise UserError(
            "speech_ref1",
            "a batch holds utterances with and without references",
            "keep utt2category beside the first data file, so that batches are of one category",
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
    """Lengths, how many utterances have no reference, and categories: in one reading."""
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
