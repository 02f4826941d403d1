"""The one place that touches ESPnet's class tables: a name for each of our classes.

Keys must be lower case (ESPnet lowers what it looks up).
"""

from __future__ import annotations

from espnet2.tasks import enh

from espnet_kd.enh.preprocessor import EnhKDPreprocessor
from espnet_kd.enh.separator.text_informed_tcn import TextInformedTCNSeparator
from espnet_kd.enh.separator.uformer import UformerSeparator


def register() -> None:
    """Make our classes known to ESPnet's enhancement task. Calling it again changes nothing."""
    enh.separator_choices.classes["text_informed_tcn"] = TextInformedTCNSeparator
    enh.separator_choices.classes["uformer"] = UformerSeparator
    enh.preprocessor_choices.classes["enh_kd"] = EnhKDPreprocessor
