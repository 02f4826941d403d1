"""What a text-informed enhancement model wants to know beside the mixture."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

Tokenize = Callable[[str], list[int]]


def model_tokenizer(args: Namespace) -> Tokenize:
    """Transcript to token ids as in the training that has these arguments."""
    from espnet_kd.tasks.enh_kd import EnhKDTask

    preprocessor = EnhKDTask.build_preprocess_fn(args, train=False)
    return lambda text: preprocessor.text_ids.tokens2ids(
        preprocessor.text_tokenizer.text2tokens(text)
    )
