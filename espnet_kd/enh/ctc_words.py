"""Words of a recognizer's CTC paths."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

import torch

from espnet_kd.errors import UserError

BLANK = 0


class CTCWords:
    """Token ids and CTC paths of a stock ESPnet recognizer to words.

    Args:
        args: training arguments of the recognizer.

    Raises:
        UserError: its tokens are neither char nor bpe.
    """

    def __init__(self, args: Namespace):
        if args.token_type not in ("char", "bpe"):
            raise UserError("token_type", f"is '{args.token_type}'", "use a char or bpe model")
        from espnet2.text.build_tokenizer import build_tokenizer
        from espnet2.text.token_id_converter import TokenIDConverter

        self.converter = TokenIDConverter(args.token_list)
        self._tokenizer = build_tokenizer(token_type=args.token_type, bpemodel=args.bpemodel)

    def of_path(self, path: torch.Tensor) -> str:
        """Return the words of a CTC path (T,)."""
        return self.of_tokens(collapse(path))

    def of_tokens(self, tokens: Sequence[int]) -> str:
        """Return the words of token ids."""
        if not tokens:
            return ""
        return self._tokenizer.tokens2text(self.converter.ids2tokens(tokens))


def collapse(path: torch.Tensor) -> list[int]:
    """Merge repeated tokens of a CTC path (T,), then leave out blanks (Graves et al. 2006)."""
    return [token for token in path.unique_consecutive().tolist() if token != BLANK]
