"""The enhancement model that is trained: stock parameters, loss per utterance and category."""

from __future__ import annotations

import torch
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.torch_utils.device_funcs import force_gatherable

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.categories import CATEGORIES


class ESPnetKDModel(ESPnetEnhancementModel):
    """ESPnet's single-speaker enhancement model with transcripts and categories in the batch.

    Its parameters have ESPnet's names, so that a student is a stock model. The loss of Wang et al.
    2022, eq. (1) needs no code of its own: the reference of a SIMU utterance is the true one, that
    of a REAL utterance is the teacher's estimate, and both weigh 1.

    Args:
        sample_rate: in Hz, for the times of an alignment.
        auxiliary_weights: weight of each auxiliary loss of the separator, e.g. `{"ctc": 0.1}`.
        kwargs: as ESPnetEnhancementModel.
    """

    def __init__(
        self, *, sample_rate: int = SAMPLE_RATE, auxiliary_weights: dict | None = None, **kwargs
    ):
        super().__init__(**kwargs)
        self.sample_rate = sample_rate
        self.auxiliary_weights = dict(auxiliary_weights or {})

    def enhance(
        self,
        speech_mix: torch.Tensor,
        speech_mix_lengths: torch.Tensor,
        text: torch.Tensor | None = None,
        text_lengths: torch.Tensor | None = None,
        align: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Enhance a batch.

        Args:
            speech_mix: (B, L) waveforms.
            speech_mix_lengths: (B,) valid samples.
            text: (B, U) token ids, for a text-informed model.
            text_lengths: (B,).
            align: (B, U) centre of each character in milliseconds.

        Returns:
            (B, L) enhanced waveforms, and what the separator computed beside the signal.
        """
        additional = {
            "text": text,
            "text_lengths": text_lengths,
            "align": align,
            "num_samples": speech_mix.size(1),
            "sample_rate": self.sample_rate,
        }
        enhanced, _, _, others = self.forward_enhance(speech_mix, speech_mix_lengths, additional)
        return enhanced[0], others

    def forward(  # type: ignore[override]
        self,
        speech_mix: torch.Tensor,
        speech_mix_lengths: torch.Tensor | None = None,
        *,
        speech_ref1: torch.Tensor,
        text: torch.Tensor | None = None,
        text_lengths: torch.Tensor | None = None,
        align: torch.Tensor | None = None,
        utt2category: torch.Tensor | None = None,
        **_: object,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor]:
        """Enhance and compute the loss.

        Args:
            speech_mix: (B, L).
            speech_mix_lengths: (B,), or None when all have length L (the chunk iterator).
            speech_ref1: (B, L) reference of each mixture.
            text: (B, U) token ids.
            text_lengths: (B,).
            align: (B, U) in milliseconds.
            utt2category: (B, 1) index into CATEGORIES.

        Returns:
            scalar loss, statistics (one loss per category among them), batch size.
        """
        batch_size, num_samples = speech_mix.shape
        if speech_mix_lengths is None:
            speech_mix_lengths = torch.full(
                (batch_size,), num_samples, dtype=torch.long, device=speech_mix.device
            )
        enhanced, others = self.enhance(speech_mix, speech_mix_lengths, text, text_lengths, align)
        total = speech_mix.new_zeros(batch_size)
        stats: dict[str, torch.Tensor] = {}
        for wrapper in self.loss_wrappers:
            criterion = wrapper.criterion
            if self.training and getattr(criterion, "only_for_test", False):
                continue
            loss = criterion_per_utterance(criterion, speech_ref1, enhanced, speech_mix_lengths)
            total = total + wrapper.weight * loss
            stats[criterion.name] = loss.detach().mean()
            stats.update(self._per_category(criterion.name, loss.detach(), utt2category))
        for name, loss in others.get("auxiliary_losses", {}).items():
            total = total + self.auxiliary_weights.get(name, 0.0) * loss
            stats[name] = loss.detach().mean()
        loss = total.mean()
        stats["loss"] = loss.detach()
        return force_gatherable((loss, stats, batch_size), loss.device)

    def _per_category(
        self, name: str, loss: torch.Tensor, category: torch.Tensor | None
    ) -> dict[str, torch.Tensor]:
        """Mean loss of each category; NaN, which the reporter leaves out, for an absent one.

        The reporter weights it by the size of the batch: right if batches are of one category, as
        chunk and folded batches are where the first data file has `utt2category` beside it.
        """
        if category is None:
            return {}
        index = category.reshape(-1)
        return {f"{name}_{kind}": loss[index == i].mean() for i, kind in enumerate(CATEGORIES)}


def criterion_per_utterance(
    criterion: torch.nn.Module,
    reference: torch.Tensor,
    estimate: torch.Tensor,
    lengths: torch.Tensor,
) -> torch.Tensor:
    """Apply a criterion without letting padding count.

    Args:
        criterion: (B, L), (B, L) -> (B,).
        reference: (B, L).
        estimate: (B, L).
        lengths: (B,) valid samples.

    Returns:
        (B,) losses.
    """
    if bool((lengths == reference.size(1)).all()):
        return criterion(reference, estimate)
    losses = [
        criterion(reference[i : i + 1, :length], estimate[i : i + 1, :length])
        for i, length in enumerate(lengths.tolist())
    ]
    return torch.cat(losses)
