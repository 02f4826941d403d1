"""Make a batch of noise with the lengths of read English speech."""

from __future__ import annotations

import torch

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.categories import CATEGORIES

CHARACTERS_PER_SECOND = 14  # in read newspaper text, including spaces
SHORTEST = 0.8  # share of the longest utterance; ESPnet's folded batches hold similar lengths


def synthetic_batch(
    utterances: int,
    seconds: float,
    category: str,
    num_tokens: int,
    paired: bool,
    shortest: float = SHORTEST,
) -> dict[str, torch.Tensor]:
    """Make a batch in the form that ESPnet's collate function passes to the model.

    Args:
        utterances: number of utterances, B.
        seconds: length of the longest utterance.
        category: category of all utterances; REAL ones have no reference.
        num_tokens: size of the token list.
        paired: whether each utterance also comes with a second noise.
        shortest: length of the shortest utterance, as a share of the longest.

    Returns:
        speech_mix, speech_ref1 and, if `paired`, speech_mix2 (B, L); text and align (B, U);
        speech_mix_lengths and text_lengths (B,); utt2category (B, 1).
    """
    random = torch.Generator().manual_seed(0)
    durations = torch.linspace(1, shortest, utterances) * seconds
    lengths = (durations * SAMPLE_RATE).long()
    text_lengths = (durations * CHARACTERS_PER_SECOND).long().clamp(min=1)
    inside = torch.arange(int(lengths[0])) < lengths.unsqueeze(1)
    characters = torch.arange(int(text_lengths[0]))
    spoken = characters < text_lengths.unsqueeze(1)

    def noise() -> torch.Tensor:
        return 0.1 * torch.randn(inside.shape, generator=random) * inside

    reference = noise()
    text = torch.randint(2, num_tokens - 1, spoken.shape, generator=random)
    centers = (characters + 0.5) * 1000 / CHARACTERS_PER_SECOND
    batch = {
        "speech_mix": reference + noise(),
        "speech_mix_lengths": lengths,
        "speech_ref1": torch.full_like(reference, torch.nan) if category == "REAL" else reference,
        "text": text * spoken,
        "text_lengths": text_lengths,
        "align": centers * spoken,
        "utt2category": torch.full((utterances, 1), CATEGORIES.index(category)),
    }
    if paired:
        batch["speech_mix2"] = reference + noise()
    return batch
