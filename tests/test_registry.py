"""This package's classes in ESPnet's class tables."""

import sys

import pytest

from espnet_kd import host
from espnet_kd.errors import UserError


def test_register():
    host.prepare()
    from espnet2.tasks import enh

    from espnet_kd.registry import register

    register()
    register()
    separators, preprocessors = enh.separator_choices, enh.preprocessor_choices
    assert separators.get_class("text_informed_tcn").__name__ == "TextInformedTCNSeparator"
    assert separators.get_class("gtcrn").__name__ == "GTCRNSeparator"
    assert enh.encoder_choices.get_class("causal_stft").__name__ == "CausalSTFTEncoder"
    assert enh.decoder_choices.get_class("causal_stft").__name__ == "CausalSTFTDecoder"
    assert separators.get_class("uformer").__name__ == "UformerSeparator"
    assert preprocessors.get_class("enh_kd").__name__ == "EnhKDPreprocessor"
    assert separators.get_class("tcn").__module__ == "espnet2.enh.separator.tcn_separator"


@pytest.fixture
def registry():
    """The module; the table of separators is restored after the test."""
    host.prepare()
    from espnet2.tasks import enh

    from espnet_kd import registry

    before = dict(enh.separator_choices.classes)
    yield registry
    enh.separator_choices.classes.clear()
    enh.separator_choices.classes.update(before)


class Separator:
    """Separator of a plugin."""


def test_add_separator(registry):
    registry.add_separator("mine", Separator)
    again = type("Separator", (), {"__module__": __name__})  # of a plugin that is imported twice
    registry.add_separator("mine", again)
    assert registry.enh.separator_choices.get_class("mine") is again


def test_separator_whose_name_espnet_would_not_find(registry):
    with pytest.raises(UserError, match="separator 'Mine': is not lower case; call it 'mine'"):
        registry.add_separator("Mine", Separator)


@pytest.mark.parametrize(
    ("name", "owner"), [("tcn", "TCNSeparator"), ("uformer", "UformerSeparator")]
)
def test_separator_whose_name_is_taken(registry, name, owner):
    with pytest.raises(UserError, match=f"separator '{name}': already names {owner}"):
        registry.add_separator(name, Separator)
    assert registry.enh.separator_choices.get_class(name).__name__ == owner


def test_namesake_of_a_class_of_espnet(registry):
    namesake = type("TCNSeparator", (), {})
    with pytest.raises(UserError, match="separator 'tcn': already names TCNSeparator"):
        registry.add_separator("tcn", namesake)


def test_plugins_are_imported_in_order(registry, tmp_path, monkeypatch):
    (tmp_path / "first_of_a_test.py").write_text("loaded = ['first']\n")
    (tmp_path / "second_of_a_test.py").write_text(
        "import first_of_a_test\nfirst_of_a_test.loaded.append('second')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry.load_plugins(["first_of_a_test", "second_of_a_test"])
    assert sys.modules["first_of_a_test"].loaded == ["first", "second"]


@pytest.mark.parametrize("missing", ["no_such_module_at_all", "plugin_that_imports_it"])
def test_plugin_that_cannot_be_imported(registry, tmp_path, monkeypatch, missing):
    """If the plugin or a module that it imports is missing, the message names that module."""
    (tmp_path / "plugin_that_imports_it.py").write_text("import no_such_module_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    line = f"plugins: '{missing}': No module named 'no_such_module_at_all'; put its folder on"
    with pytest.raises(UserError, match=line):
        registry.load_plugins([missing])
