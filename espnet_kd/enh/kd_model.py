"""The trained enhancement model: ESPnet's parameters, losses per utterance and category."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import torch
from espnet2.enh.decoder.conv_decoder import ConvDecoder
from espnet2.enh.encoder.conv_encoder import ConvEncoder
from espnet2.enh.espnet_model import ESPnetEnhancementModel
from espnet2.torch_utils.device_funcs import force_gatherable

from espnet_kd.data.audio import SAMPLE_RATE
from espnet_kd.data.categories import CATEGORIES
from espnet_kd.distill.calibration import calibration
from espnet_kd.distill.distiller import Distiller
from espnet_kd.distill.frozen import Frozen
from espnet_kd.distill.gain import match_gain
from espnet_kd.distill.settings import check_weight
from espnet_kd.enh.batch import Batch, make_batch
from espnet_kd.enh.silence import Silence
from espnet_kd.errors import UserError

WORD_ERRORS = "word_errors"  # a measure of validation; see tasks/word_errors.py


class ESPnetKDModel(ESPnetEnhancementModel):
    """ESPnet's single-speaker enhancement model, with transcripts and categories in the batch.

    Its parameters have ESPnet's names, so a student is a stock model. Weights of KD losses have
    names that start with `distiller.` and are not published with the model. The loss of Wang et al.
    2022, eq. (1), needs no separate code: SIMU utterances have the true reference, REAL utterances
    the teacher's stored estimate, and both have weight 1.

    Args:
        sample_rate: in Hz, for the times of an alignment.
        auxiliary_weights: weight of each auxiliary loss of the separator, e.g. `{"ctc": 0.1}`. The
            separator computes these losses only in training.
        category_weights: weight of the utterances of a category in training, 1 by default, e.g.
            `{"REAL": 0.3}` to trust pseudo-references less than references.
        kwargs: as in ESPnetEnhancementModel.
    """

    def __init__(
        self,
        *,
        sample_rate: int = SAMPLE_RATE,
        auxiliary_weights: dict | None = None,
        category_weights: dict | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.category_weights = check_categories(category_weights or {})
        self.sample_rate = sample_rate
        self.auxiliary_weights = dict(auxiliary_weights or {})
        self.supervised_weight = 1.0  # scales the criterions; at 0 they are only logged
        self.autocast_dtype: torch.dtype | None = None  # of the separator; see fast/execution.py
        self.distiller: Distiller | None = None
        self.teacher: Frozen | None = None
        self.word_errors: torch.nn.Module | None = None  # counts them in validation
        self.silence = Silence()

    @property
    def takes_text(self) -> bool:
        """Whether the model reads a transcript."""
        return hasattr(self.separator, "text_encoder")

    @property
    def takes_alignment(self) -> bool:
        """Whether the model reads the center times of the characters."""
        return self.takes_text and self.separator.prior_width > 0

    @property
    def padding_invariant(self) -> bool:
        """Whether the output for an utterance is the same in any batch, however it is padded.

        Not so with ESPnet's STFT: its last frames extend beyond the end of the utterance.
        """
        return all(
            isinstance(part, (ConvEncoder, ConvDecoder))
            or getattr(part, "padding_invariant", False)
            for part in (self.encoder, self.separator, self.decoder)
        )

    def learn_from(self, distiller: Distiller, teacher: ESPnetKDModel | None) -> None:
        """Add KD losses to the criterions.

        Args:
            distiller: the losses.
            teacher: a trained model; None if no loss uses a teacher.
        """
        self.distiller = distiller
        self.teacher = None if teacher is None else Frozen(teacher)

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
            align: (B, U) center of each character in milliseconds.

        Returns:
            (B, L) enhanced waveforms, and the other outputs of the separator.
        """
        additional = {
            "text": text,
            "text_lengths": text_lengths,
            "align": align,
            "num_samples": speech_mix_lengths,
            "sample_rate": self.sample_rate,
        }
        code, frames = self.encoder(speech_mix, speech_mix_lengths)
        with self._autocast(speech_mix.device):
            masked, _, others = self.separator(code, frames, additional)
        # Decode to the padded length, which is known without reading from the device.
        size = torch.full(speech_mix.shape[:1], speech_mix.size(1))
        enhanced, _ = self.decoder(masked[0].to(code.dtype), size)
        return enhanced, others

    def _autocast(self, device: torch.device) -> contextlib.AbstractContextManager:
        if self.autocast_dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(device.type, self.autocast_dtype)

    def forward(  # type: ignore[override]
        self,
        speech_mix: torch.Tensor,
        speech_mix_lengths: torch.Tensor | None = None,
        *,
        speech_ref1: torch.Tensor,
        speech_mix2: torch.Tensor | None = None,
        text: torch.Tensor | None = None,
        text_lengths: torch.Tensor | None = None,
        align: torch.Tensor | None = None,
        utt2category: torch.Tensor | None = None,
        utt_id: Sequence[str] = (),
        **_: object,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor]:
        """Enhance a batch and compute its loss; the arguments are those of `make_batch`.

        Returns:
            Scalar loss, statistics (including one loss per category), batch size. If all of the
            batch is silent, the loss has a gradient of zero, and the batch size is 0.
        """
        batch = make_batch(
            speech_mix,
            speech_mix_lengths,
            speech_ref1,
            speech_mix2,
            text,
            text_lengths,
            align,
            utt2category,
        )
        names = [utt_id[place] for place in batch.silent] if utt_id else []
        self.silence.count(len(speech_mix), len(batch.silent), names)
        if not batch.samples:
            return self._nothing()
        total = batch.mixture.new_zeros(len(batch.mixture))
        stats: dict[str, torch.Tensor] = {}
        for name, weight, loss in self.compute_terms(batch, calibrate=self.training):
            if isinstance(weight, torch.Tensor) or weight:
                total = total + weight * loss
            stats[name] = loss.detach().mean()
            stats.update(per_category(name, loss.detach(), batch))
        if self.training and self.category_weights and batch.category is not None:
            weights = [self.category_weights.get(kind, 1.0) for kind in CATEGORIES]
            total = total * total.new_tensor(weights)[batch.category]
        loss = total.mean()
        return self._complete(loss, {**stats, "loss": loss.detach()}, len(batch.mixture))

    def _nothing(self) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor]:
        """Return the loss of no utterances; each weight has a gradient, which DDP waits for."""
        loss = sum(0.0 * weight.sum() for weight in self.parameters() if weight.requires_grad)
        return self._complete(loss, {"loss": torch.full_like(loss.detach(), torch.nan)}, 0)

    def _complete(
        self, loss: torch.Tensor, stats: dict[str, torch.Tensor], size: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor], torch.Tensor]:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            stats = complete(stats, self.measures(self.training))
        return force_gatherable((loss, stats, size), loss.device)

    def measures(self, training: bool) -> list[str]:
        """Return the names of all statistics that `forward` can return for some batch.

        Args:
            training: whether the model is in training mode; otherwise it is in validation.
        """
        kinds = {
            wrapper.criterion.name: CATEGORIES
            for wrapper in self.loss_wrappers
            if not (training and getattr(wrapper.criterion, "only_for_test", False))
        }
        if training:
            kinds |= dict.fromkeys(self.auxiliary_weights, CATEGORIES)
        elif self.word_errors is not None:
            kinds[WORD_ERRORS] = CATEGORIES
        for name, term in self.distiller.terms.items() if self.distiller is not None else ():
            kinds[name] = [kind for kind in CATEGORIES if kind in (term.categories or CATEGORIES)]
        of_categories = [f"{name}_{kind}" for name in kinds for kind in kinds[name]]
        return ["loss", *kinds, *of_categories]

    def compute_terms(
        self, batch: Batch, calibrate: bool = False
    ) -> list[tuple[str, float | torch.Tensor, torch.Tensor]]:
        """Enhance a batch and compute every term of its loss.

        Args:
            batch: the batch.
            calibrate: raise the weights of the terms that others work against; see `calibration`.

        Returns:
            Name, weight and (B,) value of each term. A raised weight is (B,).
        """
        if self.distiller is None:
            enhanced, others = self.enhance(batch.mixture, batch.lengths, **batch.conditions)
            losses = {}
        else:
            enhanced, others, losses = self._distill(batch)
        terms = []
        for wrapper in self.loss_wrappers if batch.reference is not None else ():
            criterion = wrapper.criterion
            if self.training and getattr(criterion, "only_for_test", False):
                continue
            loss = criterion_per_utterance(criterion, batch.reference, enhanced, batch.samples)
            terms.append((criterion.name, wrapper.weight * self.supervised_weight, loss))
        for name, loss in others.get("auxiliary_losses", {}).items():
            terms.append((name, self.auxiliary_weights.get(name, 0.0), loss))
        for name, loss in losses.items():
            terms.append((name, self.distiller.terms[name].weight, loss))
        if self.word_errors is not None and not self.training:
            terms.append((WORD_ERRORS, 0.0, self.word_errors(enhanced, batch)))
        return self._calibrated(enhanced, terms) if calibrate else terms

    def _calibrated(
        self, signal: torch.Tensor, terms: list[tuple[str, float, torch.Tensor]]
    ) -> list[tuple[str, float | torch.Tensor, torch.Tensor]]:
        if self.distiller is None or not torch.is_grad_enabled():
            return terms
        chosen = {name for name, term in self.distiller.terms.items() if term.calibrate}
        weighted = [(name, weight, loss) for name, weight, loss in terms if weight]
        parts = [
            [(weight, loss) for name, weight, loss in weighted if (name in chosen) == inside]
            for inside in (False, True)
        ]
        if not all(parts):
            return terms
        raised = 1 + calibration(signal, *parts)
        return [
            (name, weight if name in chosen or not weight else weight * raised, loss)
            for name, weight, loss in terms
        ]

    def _distill(
        self, batch: Batch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """Run the student and, if needed, the teacher, and compute the KD losses.

        Returns:
            (B, L) signal of the student, the other outputs of its separator, and the value of each
            KD loss.
        """
        others: dict[str, torch.Tensor] = {}

        def run() -> torch.Tensor:
            signal, more = self.enhance(batch.mixture, batch.lengths, **batch.conditions)
            if not others:  # keep those of the first run: a loss may run the student again
                others.update(more)
            return signal.float()  # losses use single precision, also under autocast

        def teach() -> torch.Tensor:
            # Scale to the level of the mixture, as in stored pseudo-references.
            signal, _ = self.teacher.module.enhance(
                batch.mixture, batch.lengths, **batch.conditions
            )
            return match_gain(signal.float(), batch.mixture, batch.lengths)

        student = self.distiller.observe_student(self, run)
        teacher = None
        kind = (batch.single_category, batch.reference is not None, batch.paired)
        if self.teacher is not None and self.distiller.looks_at_teacher(*kind):
            teacher = self.distiller.observe_teacher(self.teacher.module, teach)
        category, _, paired = kind
        with torch.autocast(batch.mixture.device.type, enabled=False):
            losses = self.distiller(
                student, teacher, batch.reference, batch.lengths, category, paired
            )
        return student.signal, others, losses


def check_categories(weights: dict) -> dict[str, float]:
    """Return the weights of categories.

    Raises:
        UserError: a category is unknown, or a weight is not a number of at least 0.
    """
    for kind, weight in weights.items():
        if kind not in CATEGORIES:
            names = ", ".join(CATEGORIES)
            raise UserError("model_conf, category_weights", f"unknown '{kind}'", f"use {names}")
        check_weight(f"model_conf, category_weights, {kind}", weight)
    return dict(weights)


def per_category(name: str, loss: torch.Tensor, batch: Batch) -> dict[str, torch.Tensor]:
    """Return the mean loss of each category in the batch.

    ESPnet's reporter weights these means by the batch size. That is correct if each batch has a
    single category, as chunk and folded batches do when `utt2category` is next to the first data
    file.
    """
    means = {}
    for kind in batch.present:
        own = (batch.category == CATEGORIES.index(kind)).to(loss.dtype)
        means[f"{name}_{kind}"] = (loss * own).sum() / own.sum()
    return means


def complete(stats: dict[str, torch.Tensor], names: list[str]) -> dict[str, torch.Tensor]:
    """Set statistics that a batch does not have to NaN; the order is the same for every batch.

    With several processes, ESPnet gathers statistics key by key and leaves NaN out of the means.
    One process may have a SIMU batch while another has a REAL batch.

    Args:
        stats: scalars of a batch.
        names: all statistics that any batch may have.
    """
    nothing = torch.full_like(stats["loss"], torch.nan, dtype=torch.float32)
    return {name: stats.get(name, nothing).float() for name in dict.fromkeys([*names, *stats])}


def criterion_per_utterance(
    criterion: torch.nn.Module,
    reference: torch.Tensor,
    estimate: torch.Tensor,
    samples: Sequence[int],
) -> torch.Tensor:
    """Apply a criterion to the valid samples only, in the precision of the reference.

    Under autocast, SI-SNR is a quotient of inner products with only the 8 bits of bfloat16.

    Args:
        criterion: (B, L), (B, L) -> (B,).
        reference: (B, L).
        estimate: (B, L).
        samples: number of valid samples of each of the B utterances.

    Returns:
        (B,) losses.
    """
    estimate = estimate.to(reference.dtype)
    with torch.autocast(reference.device.type, enabled=False):
        if min(samples) == reference.size(1):
            return criterion(reference, estimate)
        losses = [
            criterion(reference[i : i + 1, :length], estimate[i : i + 1, :length])
            for i, length in enumerate(samples)
        ]
        return torch.cat(losses)
