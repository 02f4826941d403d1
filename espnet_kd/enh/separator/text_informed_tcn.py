"""Text-informed Conv-TasNet separator: the teacher."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from espnet_kd.enh.layers.aligned_conditioning import AlignedConditioning
from espnet_kd.enh.layers.alignment_prior import alignment_log_prior, guided_attention_loss
from espnet_kd.enh.layers.fusion import Fusion
from espnet_kd.enh.layers.text_encoder import TextEncoder
from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator, without_padding
from espnet_kd.errors import UserError


class TextInformedTCNSeparator(MaskedTCNSeparator):
    """ESPnet's TCN separator whose mask estimator also reads the transcript.

    Wang et al., "Text-Informed Knowledge Distillation for Robust Speech Enhancement and
    Recognition", ISCSLP 2022, section 2.1. The mask multiplies the original encoder code,
    not the fused one (our interpretation). The parameters of the audio part keep the names of
    TCNSeparator, so that a trained baseline can initialize them (`--init_param`).

    Args:
        input_dim: width N of the encoder code.
        vocab_size: number of text tokens V (the task fills it in from the token list); 0 only
            without text.
        text_conf: arguments of TextEncoder.
        fusion_conf: arguments of Fusion.
        conditioning_conf: arguments of AlignedConditioning, which then takes the place of Fusion
            and needs an alignment prior.
        prior_width: standard deviation in milliseconds of the alignment prior on the attention;
            0 turns it off (the paper's plain configuration).
        guided_attention: compute the guided-attention loss.
        auxiliary_ctc: compute a CTC loss of the transcript on the queries, which makes them
            phonetic (our interpretation; the paper has no such loss).
        use_text: whether to read the transcript. Without it, the model is its audio part alone: the
            control that shows what the text is worth.
        tcn_conf: other arguments of TCNSeparator (layer, stack, bottleneck_dim, ...).
    """

    def __init__(
        self,
        input_dim: int,
        vocab_size: int = 0,
        text_conf: dict | None = None,
        fusion_conf: dict | None = None,
        conditioning_conf: dict | None = None,
        prior_width: float = 0.0,
        guided_attention: bool = False,
        auxiliary_ctc: bool = False,
        use_text: bool = True,
        num_spk: int = 1,
        **tcn_conf,
    ):
        super().__init__(input_dim, num_spk=num_spk, **tcn_conf)
        self.prior_width = prior_width
        self.guided_attention = guided_attention and use_text
        self.ctc_head = None
        self.use_text = use_text
        if not use_text:
            return
        self.text_encoder = TextEncoder(vocab_size, **(text_conf or {}))
        text_dim = self.text_encoder.embedding.embedding_dim
        self.fusion = self.conditioning = None
        if conditioning_conf is None:
            self.fusion = Fusion(input_dim, text_dim, **(fusion_conf or {}))
        elif prior_width <= 0 or fusion_conf or guided_attention or auxiliary_ctc:
            raise UserError(
                "separator_conf, conditioning_conf",
                "needs the alignment prior, and takes the place of the fusion",
                "set prior_width, and leave out fusion_conf, guided_attention and auxiliary_ctc",
            )
        else:
            blocks = self.tcn.blocks()
            self.conditioning = AlignedConditioning(
                text_dim,
                blocks[0].net[0].in_channels,
                len(blocks),
                code_dim=input_dim,
                **conditioning_conf,
            )
        if auxiliary_ctc:
            self.ctc_head = nn.Sequential(
                nn.Conv1d(input_dim, input_dim, 9, padding=4),
                nn.ReLU(),
                nn.Conv1d(input_dim, vocab_size, 1),
            )

    @property
    def auxiliary_losses(self) -> list[str]:
        """Names of the losses that are computed in training in addition to the signal."""
        computed = {"guided_attention": self.guided_attention, "ctc": self.ctc_head is not None}
        return [name for name, asked in computed.items() if asked]

    @property
    def why_offline(self) -> str:
        """Why the model cannot `stream`; empty if it can."""
        return "it reads the transcript" if self.use_text else super().why_offline

    def forward(
        self,
        input: torch.Tensor,
        ilens: torch.Tensor,
        additional: dict | None = None,
    ) -> tuple[list[torch.Tensor], torch.Tensor, OrderedDict]:
        """Estimate the masked code.

        Args:
            input: (B, T, N) encoder code.
            ilens: (B,) valid frames.
            additional: `text` (B, U) token ids, `text_lengths` (B,), and with an alignment prior
                `align` (B, U) in milliseconds, `num_samples` (B,) and `sample_rate`.

        Returns:
            [(B, T, N)], (B,), and `mask_spk1` plus `auxiliary_losses`, a dict of (B,) tensors.

        Raises:
            ValueError: the text is missing, or the alignment that the prior needs is missing.
        """
        if not self.use_text:
            return super().forward(input, ilens)
        if additional is None or additional.get("text") is None:
            raise ValueError("the text-informed separator needs the transcript; pass it as `text`")
        text, text_lengths = additional["text"], additional["text_lengths"]
        input = without_padding(input, ilens)
        encoded = self.text_encoder(text, text_lengths)
        if self.conditioning is not None:
            return self._conditioned(input, ilens, encoded, additional)
        fused, weights = self.fusion(
            input,
            ilens,
            encoded,
            text_lengths,
            self._log_prior(input.size(1), ilens, additional),
            need_weights=self.guided_attention and self.training,
        )
        masked, _, others = self.apply_masks(input, fused, ilens)
        others["auxiliary_losses"] = self._auxiliary_losses(
            input, ilens, text, text_lengths, weights
        )
        return masked, ilens, others

    def _conditioned(
        self, code: torch.Tensor, ilens: torch.Tensor, encoded: torch.Tensor, additional: dict
    ) -> tuple[list[torch.Tensor], torch.Tensor, OrderedDict]:
        features = self.conditioning(
            encoded,
            additional["text_lengths"],
            self._log_prior(code.size(1), ilens, additional),
            ilens,
            code,
        )
        return self.apply_masks(
            code, code, ilens, lambda number, x: self.conditioning.condition(features, number, x)
        )

    def _log_prior(self, size: int, frames: torch.Tensor, additional: dict) -> torch.Tensor | None:
        if not self.prior_width:
            return None
        centers = additional.get("align")
        if centers is None:
            raise ValueError("prior_width needs the alignment of the text; pass it as `align`")
        stride = (self.fusion or self.conditioning).query_stride
        queries = torch.arange(-(-size // stride), device=centers.device) + 0.5
        milliseconds = 1000.0 * additional["num_samples"] / (additional["sample_rate"] * frames)
        times = queries * stride * milliseconds.unsqueeze(1)
        return alignment_log_prior(centers.float(), times, self.prior_width)

    def _auxiliary_losses(
        self,
        code: torch.Tensor,
        ilens: torch.Tensor,
        text: torch.Tensor,
        text_lengths: torch.Tensor,
        weights: torch.Tensor | None,
    ) -> dict[str, torch.Tensor]:
        losses = {}
        query_lengths = torch.div(
            ilens + self.fusion.query_stride - 1, self.fusion.query_stride, rounding_mode="floor"
        )
        if weights is not None:
            losses["guided_attention"] = guided_attention_loss(weights, query_lengths, text_lengths)
        if self.ctc_head is not None and self.training:
            logits = self.ctc_head(self.fusion.queries(code, ilens).transpose(1, 2))
            losses["ctc"] = (
                nn.functional.ctc_loss(
                    logits.permute(2, 0, 1).float().log_softmax(2),
                    text,
                    query_lengths,
                    text_lengths,
                    reduction="none",
                    zero_infinity=True,
                )
                / text_lengths
            )
        return losses
