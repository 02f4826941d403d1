"""Our names in ESPnet's class tables."""

from espnet_kd import host


def test_register():
    host.prepare()
    from espnet2.tasks import enh

    from espnet_kd.registry import register

    register()
    register()
    separators, preprocessors = enh.separator_choices, enh.preprocessor_choices
    assert separators.get_class("text_informed_tcn").__name__ == "TextInformedTCNSeparator"
    assert separators.get_class("uformer").__name__ == "UformerSeparator"
    assert preprocessors.get_class("enh_kd").__name__ == "EnhKDPreprocessor"
    assert separators.get_class("tcn").__module__ == "espnet2.enh.separator.tcn_separator"
