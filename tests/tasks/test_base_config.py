"""Configurations that start from other files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from espnet_kd.bin.enh_kd_train import main
from espnet_kd.errors import UserError
from espnet_kd.tasks.base_config import parse_with_base
from espnet_kd.tasks.enh_kd import EnhKDTask
from espnet_kd.yaml_base import read_with_bases


@pytest.fixture
def write(tmp_path):
    """Return a function that writes settings to a file in `tmp_path`."""

    def write_settings(name: str, **values) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(values))
        return path

    return write_settings


def parse(config: Path, *options: str):
    return parse_with_base(EnhKDTask.get_parser, ["--config", str(config), *options])


def test_no_base(write):
    args = parse(write("a.yaml", max_epoch=7))
    assert (args.max_epoch, args.patience, args.base) == (7, None, None)


def test_file_wins_over_its_base_and_the_command_line_over_both(write):
    write("base.yaml", max_epoch=7, patience=3, batch_size=2, seed=5)
    args = parse(write("a.yaml", base="base.yaml", patience=4, batch_size=9), "--batch_size", "8")
    assert (args.max_epoch, args.patience, args.batch_size, args.seed) == (7, 4, 8, 5)


def test_later_base_wins(write):
    write("one.yaml", max_epoch=1, patience=1, seed=1)
    write("two.yaml", max_epoch=2, patience=2)
    args = parse(write("a.yaml", base=["one.yaml", "two.yaml"], max_epoch=3))
    assert (args.max_epoch, args.patience, args.seed) == (3, 2, 1)
    args = parse(write("a.yaml", base=["two.yaml", "one.yaml"]))
    assert (args.max_epoch, args.patience, args.seed) == (1, 1, 1)


def test_chain_of_bases_each_relative_to_its_file(write, tmp_path, monkeypatch):
    write("c.yaml", max_epoch=1, patience=1, seed=1)
    write("deep/b.yaml", base="../c.yaml", max_epoch=2, patience=2)
    config = write("deep/er/a.yaml", base="../b.yaml", max_epoch=3)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    args = parse(Path(os.path.relpath(config)))
    assert (args.max_epoch, args.patience, args.seed) == (3, 2, 1)


def test_shared_base_is_not_a_circle(write):
    write("root.yaml", max_epoch=7)
    write("one.yaml", base="root.yaml")
    write("two.yaml", base="root.yaml", patience=3)
    args = parse(write("a.yaml", base=["one.yaml", "two.yaml"]))
    assert (args.max_epoch, args.patience) == (7, 3)


def test_a_key_replaces_the_whole_value(write):
    """This includes dictionaries, so two sets of losses are never mixed by accident."""
    losses = {"gram": {"type": "gram", "taps": ["a"]}}
    write("base.yaml", kd_losses=losses, separator_conf={"layer": 2, "stack": 3}, optim="sgd")
    config = write("a.yaml", base="base.yaml", kd_losses={"out": {"type": "output"}})
    args = parse(config, "--separator_conf", "layer=4")
    assert args.kd_losses == {"out": {"type": "output"}}
    assert args.separator_conf == {"layer": 4, "stack": 3}  # the command line merges keys
    assert args.optim == "sgd"
    assert parse(write("b.yaml", base="base.yaml", kd_losses={})).kd_losses == {}


def test_circle(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("a.yaml", base="b.yaml")
    write("b.yaml", base="sub/../a.yaml")
    (tmp_path / "sub").mkdir()
    with pytest.raises(UserError, match="a.yaml: is its own base; remove one `base`"):
        parse(Path("a.yaml"))


def test_missing_file(tmp_path):
    """The file is not a base, so the message does not mention `base`."""
    with pytest.raises(UserError, match=r"no\.yaml: cannot be read; give the path of a YAML$"):
        read_with_bases(tmp_path / "no.yaml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read; correct `base` in {directory}/a.yaml"),
        ("max_epoch: [1", "is not YAML: "),
        ("- 1\n", "holds no settings; write key: value"),
        ("max_epoc: 3\n", "has an unknown key 'max_epoc'; see --help"),
    ],
)
def test_bad_base(write, tmp_path, text, problem):
    """The command prints one line, exits with status 1 and writes nothing."""
    if text is not None:
        (tmp_path / "base.yaml").write_text(text)
    config = write("a.yaml", base="base.yaml")
    with pytest.raises(SystemExit) as exit_code:
        main(["--config", str(config), "--output_dir", str(tmp_path / "exp")])
    line = str(exit_code.value)
    expected = f"{tmp_path}/base.yaml: {problem.format(directory=tmp_path)}"
    assert line.startswith(f"error: {expected}") and "\n" not in line
    assert not (tmp_path / "exp").exists()


def test_unknown_key_of_the_file_itself(write):
    """One line is enough; ESPnet's parser would print its whole usage."""
    with pytest.raises(UserError, match="a.yaml: has an unknown key 'kd_loses'; see --help"):
        parse(write("a.yaml", kd_loses={}))


def test_missing_config_is_rejected_by_the_parser(tmp_path, capsys):
    with pytest.raises(SystemExit):
        parse(tmp_path / "nowhere.yaml")
    assert "nowhere.yaml" in capsys.readouterr().err


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Module `plugin_of_a_test` that adds a separator; both are removed after the test."""
    from espnet2.tasks import enh

    (tmp_path / "plugin_of_a_test.py").write_text(
        dedent(
            """
            from espnet2.enh.separator.tcn_separator import TCNSeparator
            from espnet_kd.registry import add_separator


            class Plugged(TCNSeparator):
                pass


            add_separator("plugged", Plugged)
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "plugin_of_a_test"
    enh.separator_choices.classes.pop("plugged", None)
    sys.modules.pop("plugin_of_a_test", None)


def test_plugins_of_a_base_are_imported_before_choices_are_checked(write, plugin):
    write("base.yaml", plugins=[plugin], separator="plugged")
    args = parse(write("a.yaml", base="base.yaml"))
    assert args.separator == "plugged"
    assert args.plugins == [plugin]  # needed to load the model later
    config = {"num_spk": 1, "layer": 1, "stack": 1, "bottleneck_dim": 4, "hidden_dim": 4}
    args.separator_conf = config
    args.encoder = args.decoder = "conv"
    args.encoder_conf = args.decoder_conf = {"channel": 4, "kernel_size": 4, "stride": 2}
    args.criterions = []
    assert type(EnhKDTask.build_model(args).separator).__name__ == "Plugged"


@pytest.mark.parametrize("key", ["separator", "optim", "iterator_type"])
def test_unknown_choice(write, plugin, key):
    """ESPnet's parser accepts any value from a YAML, even a separator whose plugin is missing."""
    config = write("a.yaml", **{key: "plugged"})
    with pytest.raises(
        UserError, match=f"a.yaml, {key}: 'plugged' is unknown; use .*(tcn|sgd|chunk),"
    ):
        parse(config)


def test_choices_are_converted_as_on_the_command_line(write):
    args = parse(write("a.yaml", separator="TCN", preprocessor="none", optim="sgd"))
    assert (args.separator, args.preprocessor, args.optim) == ("tcn", None, "sgd")


def test_plugin_that_cannot_be_imported(write):
    config = write("a.yaml", plugins=["no_such_module_at_all"])
    with pytest.raises(UserError, match="^plugins: 'no_such_module_at_all': No module named"):
        parse(config)


def test_saved_configuration_is_complete(write, tmp_path):
    """The config.yaml that `--dry_run` writes has the settings of the base, and no `base`."""
    write("base.yaml", optim="sgd", max_epoch=7)
    data = ["wav.scp,speech_mix,sound", "spk1.scp,speech_ref1,sound"]
    for line in data:
        (tmp_path / line.split(",")[0]).write_text("u0 /nowhere.wav\n")
    (tmp_path / "shape").write_text("u0 8000\n")
    settings = {
        f"{kind}_{key}": value
        for kind in ("train", "valid")
        for key, value in {
            "shape_file": [f"{tmp_path}/shape"],
            "data_path_and_name_and_type": [
                [f"{tmp_path}/{word}" if i == 0 else word for i, word in enumerate(line.split(","))]
                for line in data
            ],
        }.items()
    }
    config = write(
        "a.yaml",
        base="base.yaml",
        separator="tcn",
        separator_conf={"num_spk": 1, "layer": 1, "stack": 1},
        best_model_criterion=[["valid", "loss", "min"]],
        keep_nbest_models=1,
        **settings,
    )
    main(["--config", str(config), "--output_dir", str(tmp_path / "exp"), "--dry_run", "true"])
    saved = yaml.safe_load((tmp_path / "exp/config.yaml").read_text())
    assert saved["base"] is None
    assert (saved["optim"], saved["max_epoch"]) == ("sgd", 7)
