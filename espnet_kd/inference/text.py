"""Tokenize transcripts for text-informed enhancement models."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

Tokenize = Callable[[str], list[int]]


def model_tokenizer(args: Namespace) -> Tokenize:
    """Return the function from transcript to token ids of a training with these arguments."""
    from espnet_kd.tasks.enh_kd import EnhKDTask

    preprocessor = EnhKDTask.build_preprocess_fn(args, train=False)
    return lambda text: preprocessor.text_ids.tokens2ids(
        preprocessor.text_tokenizer.text2tokens(text)
    )
