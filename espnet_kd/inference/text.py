"""Transcripts for text-informed enhancement models."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from os import PathLike

import torch

from espnet_kd.errors import UserError

Tokenize = Callable[[str], list[int]]


def model_tokenizer(
    model: torch.nn.Module, args: Namespace, config: str | PathLike
) -> Tokenize | None:
    """Transcript-to-ids function as in the model's training; None if the model takes no text."""
    if not getattr(model.separator, "takes_text", False):
        return None
    conf = args.preprocessor_conf or {}
    if not conf.get("token_list"):
        raise UserError(config, "has no preprocessor_conf.token_list", "train the teacher with one")
    from espnet2.text.build_tokenizer import build_tokenizer
    from espnet2.text.token_id_converter import TokenIDConverter

    tokenizer = build_tokenizer(
        conf.get("token_type", "char"),
        bpemodel=conf.get("bpemodel"),
        non_linguistic_symbols=conf.get("non_linguistic_symbols"),
    )
    converter = TokenIDConverter(conf["token_list"])
    return lambda text: converter.tokens2ids(tokenizer.text2tokens(text))
