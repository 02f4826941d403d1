"""The one place that touches ESPnet's class tables: a name for each of our classes.

Keys must be lower case (ESPnet lowers what it looks up).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from espnet2.enh.separator.tcn_separator import TCNSeparator
from espnet2.tasks import enh
from espnet2.train.dataset import DATA_TYPES

from espnet_kd.data.references import OptionalReferences
from espnet_kd.enh.preprocessor import EnhKDPreprocessor
from espnet_kd.enh.separator.masked_tcn import MaskedTCNSeparator
from espnet_kd.enh.separator.text_informed_tcn import TextInformedTCNSeparator
from espnet_kd.enh.separator.uformer import UformerSeparator
from espnet_kd.errors import UserError

# What our task makes where a configuration names a class of ESPnet: the same parameters and,
# without padding, the same samples. In ESPnet's own tables the names keep their meaning.
EQUIVALENTS: dict[type, type] = {TCNSeparator: MaskedTCNSeparator}


def register() -> None:
    """Make our classes known to ESPnet's enhancement task. Calling it again changes nothing."""
    enh.separator_choices.classes["text_informed_tcn"] = TextInformedTCNSeparator
    enh.separator_choices.classes["uformer"] = UformerSeparator
    enh.preprocessor_choices.classes["enh_kd"] = EnhKDPreprocessor
    DATA_TYPES["reference"] = {
        "func": OptionalReferences,
        "kwargs": ["float_dtype", "allow_multi_rates"],
        "help": 'As sound, with "-" for an utterance without a reference',
    }


def add_separator(name: str, separator: type) -> None:
    """Make a separator outside this package known, for `plugins` of a YAML.

    Args:
        name: lower case.
        separator: a subclass of ESPnet's AbsSeparator.

    Raises:
        UserError: the name is not lower case, or taken.
    """
    taken = enh.separator_choices.classes.get(name)
    if name != name.lower():
        raise UserError(f"separator '{name}'", "is not lower case", f"call it '{name.lower()}'")
    if taken is not None and _place(taken) != _place(separator):  # imported twice is no other
        raise UserError(f"separator '{name}'", f"is {taken.__name__} already", "find another name")
    enh.separator_choices.classes[name] = separator


def load_plugins(modules: Sequence[str]) -> None:
    """Import the modules that `plugins` of a YAML names; they call `add_separator`.

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
