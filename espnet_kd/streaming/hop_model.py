"""A trained model as a function from a hop of samples and caches to a hop of samples and caches."""

from __future__ import annotations

import torch
from torch import nn

from espnet_kd.enh.layers.past import Past
from espnet_kd.errors import UserError
from espnet_kd.streaming.front_ends import front_end_of


class HopModel(nn.Module):
    """Encoder, separator and decoder of a causal model, one or several hops at a time.

    There is no state in the module: what a call needs of the past is in the tensors of `state`,
    which have fixed shapes, and no branch depends on their values. `forward` can therefore be
    exported.

    Args:
        model: a trained enhancement model; it is put into evaluation mode.
        where: what to name in an error, e.g. the file of the configuration.

    Attributes:
        front_end: encoder and decoder; see `front_ends` for `hop`, `latency`, `lead` and `delay`.

    Raises:
        UserError: the model cannot stream; the error says why.
    """

    def __init__(self, model: nn.Module, where: str = "model"):
        super().__init__()
        self.separator = model.separator
        reason = getattr(self.separator, "why_offline", "it has no streaming form")
        if reason:
            problem = f"{type(self.separator).__name__} cannot stream: {reason}"
            fix = "use a causal student, e.g. conf/se/gtcrn.yaml or conf/se/conv_tasnet_causal.yaml"
            raise UserError(where, problem, fix)
        self.front_end = front_end_of(model.encoder, model.decoder, where)
        self.model = model.eval()

    def forward(self, samples: torch.Tensor, *state: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Enhance the next hops.

        Args:
            samples: (B, M hop) with M >= 1.
            state: `begin` or what the previous call returned.

        Returns:
            (B, M hop) samples, `delay` and `lead` behind the input, and the new state.
        """
        past = Past(state)
        code = self.front_end.encode(samples, past)
        enhanced = self.front_end.decode(self.separator.stream(code, past), past)
        return enhanced, *past.kept

    @torch.no_grad()
    def begin(self, lead: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the state at the beginning of a signal.

        Args:
            lead: (B, lead) first samples; the next call gets those after them.
        """
        silence = lead.new_zeros(len(lead), self.front_end.hop)
        _, *caches = self(silence)
        state = tuple(torch.zeros_like(cache) for cache in caches)
        return (lead, *state[1:]) if self.front_end.lead else state
