"""Add this package's classes to ESPnet's class tables, which are changed nowhere else.

Keys must be lower case, because ESPnet lowercases the names that it looks up.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from espnet2.enh.separator.tcn_separator import TCNSeparator
from espnet2.tasks import enh
from espnet2.train.dataset import DATA_TYPES

from espnet_kd.data import espnet_reader
from espnet_kd.data.references import OptionalReferences
from espnet_kd.enh.layers.causal_stft import CausalSTFTDecoder, CausalSTFTEncoder
from espnet_kd.enh.preprocessor import EnhKDPreprocessor
from espnet_kd.enh.separator.gtcrn import GTCRNSeparator
from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator
from espnet_kd.enh.separator.text_informed_tcn import TextInformedTCNSeparator
from espnet_kd.enh.separator.uformer import UformerSeparator
from espnet_kd.errors import UserError

# Classes that the KD task builds in place of the ESPnet class that a configuration names. They
# have the same parameters and, without padding, return the same samples. ESPnet's own tables keep
# the original classes.
EQUIVALENTS: dict[type, type] = {TCNSeparator: MaskedTCNSeparator}


def register() -> None:
    """Add this package's classes to ESPnet's enhancement task; further calls change nothing."""
    espnet_reader.install()
    enh.encoder_choices.classes["causal_stft"] = CausalSTFTEncoder
    enh.decoder_choices.classes["causal_stft"] = CausalSTFTDecoder
    enh.separator_choices.classes["gtcrn"] = GTCRNSeparator
    enh.separator_choices.classes["text_informed_tcn"] = TextInformedTCNSeparator
    enh.separator_choices.classes["uformer"] = UformerSeparator
    enh.preprocessor_choices.classes["enh_kd"] = EnhKDPreprocessor
    DATA_TYPES["reference"] = {
        "func": OptionalReferences,
        "kwargs": ["float_dtype", "allow_multi_rates"],
        "help": 'Like sound, with "-" for an utterance without a reference',
    }


def add_separator(name: str, separator: type) -> None:
    """Add a separator from outside this package; modules in `plugins` of a YAML call this.

    Args:
        name: its name in a YAML, in lower case.
        separator: a subclass of ESPnet's AbsSeparator.

    Raises:
        UserError: the name is not lower case, or it is taken.
    """
    taken = enh.separator_choices.classes.get(name)
    if name != name.lower():
        raise UserError(f"separator '{name}'", "is not lower case", f"call it '{name.lower()}'")
    if taken is not None and _place(taken) != _place(separator):  # a plugin may be imported twice
        problem = f"already names {taken.__name__}"
        raise UserError(f"separator '{name}'", problem, "choose another name")
    enh.separator_choices.classes[name] = separator


def load_plugins(modules: Sequence[str]) -> None:
    """Import the modules that `plugins` of a YAML lists; they call `add_separator`.

    Raises:
        UserError: a module cannot be imported.
    """
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise UserError(
                "plugins", f"'{name}': {error}", "put its folder on PYTHONPATH"
            ) from None


def _place(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__
