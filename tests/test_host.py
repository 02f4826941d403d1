"""One test for each work-around, against the installed release of ESPnet.

It fails if the release needs the work-around and does not get it, or gets it without needing it.
"""

from __future__ import annotations

import ast
import errno
import gc
import importlib.util
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import typeguard
from espnet2.train import preprocessor as host_preprocessor
from typeguard._decorators import typechecked as CHECKED

from espnet_kd import host

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
IMPORT_TASK = """
import sys
from espnet_kd import host

host.prepare()
import espnet2.tasks.enh

print([name for name in sys.modules if name.partition(".")[0] == "nltk"])
print("g2p_en" in sys.modules)
"""


AT_THE_END = """
import atexit, gc
atexit.register(lambda: print(len(gc.get_objects()), gc.get_freeze_count()))
from espnet_kd import host

host.prepare()
print(gc.isenabled(), gc.get_freeze_count())
import espnet2.tasks.enh
"""


def source_tree(name: str) -> ast.Module:
    """Syntax tree of a module that is not imported."""
    return ast.parse(Path(importlib.util.find_spec(name).origin).read_text(encoding="utf-8"))


def test_import_is_quiet_and_leaves_g2p_out():
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_TASK], capture_output=True, text=True, check=True
    )
    nltk, stubbed = result.stdout.splitlines()
    assert nltk == "[]"
    assert stubbed == str(host.is_before(202611))
    assert result.stderr == ""


RELEASES = {"202511": 202511, "202611": 202611, "202701.post1": 202701, "0.0.0": None}


@pytest.fixture
def installed(monkeypatch):
    """Function that installs another version of ESPnet, by name."""

    def install(version: str) -> None:
        monkeypatch.setattr("espnet2.__version__", version)
        host.release.cache_clear()
        host.warn_if_untested.cache_clear()

    yield install
    monkeypatch.undo()
    host.release.cache_clear()
    host.warn_if_untested.cache_clear()


@pytest.mark.parametrize(("version", "release"), RELEASES.items())
def test_release(installed, version, release):
    installed(version)
    assert host.release() == release
    assert host.is_before(202611) == (version == "202511")


@pytest.mark.parametrize("version", RELEASES)
def test_an_untested_release_is_one_line_once(installed, version, capsys):
    installed(version)
    host.warn_if_untested()
    host.warn_if_untested()
    lines = capsys.readouterr().err.splitlines()
    if RELEASES[version] in host.TESTED:
        assert lines == []
    else:
        assert len(lines) == 1
        assert lines[0].startswith("warning: espnet_kd was tested with ESPnet 202511 and 202611")
        assert str(RELEASES[version] or "this one") in lines[0]


OLD = {"encoder.embed.out.0.weight": 1, "encoder.embed.out.1.alpha": 2, "ctc.weight": 3}
NEW = {"encoder.embed.out.weight": 1, "encoder.embed.pos_enc.alpha": 2, "ctc.weight": 3}


@pytest.mark.parametrize("state", [OLD, NEW])
@pytest.mark.parametrize("model", [OLD, NEW])
def test_weights_get_the_names_of_the_installed_release(state, model):
    assert host.rename_weights({**state, "other": 4}, model) == {**model, "other": 4}


def test_the_tested_releases_are_those_of_the_constraints():
    pinned = re.findall(r"^espnet==(\d+)", CONSTRAINTS.read_text(), re.MULTILINE)
    assert tuple(map(int, pinned)) == host.TESTED
    assert host.release() in host.TESTED


def test_what_is_imported_is_not_collected():
    result = subprocess.run(
        [sys.executable, "-c", AT_THE_END], capture_output=True, text=True, check=True
    )
    first, last = (line.split() for line in result.stdout.splitlines())
    assert first[0] == "True"
    assert int(last[1]) > int(first[1]) > 100_000
    assert int(last[0]) < 100


def test_prepared_twice_freezes_once():
    host.prepare()
    frozen = gc.get_freeze_count()
    kept = [[] for _ in range(1000)]
    host.prepare()
    assert gc.get_freeze_count() <= frozen
    assert len(kept) == 1000


def test_stub_says_who_switched_it_off(monkeypatch):
    monkeypatch.delitem(sys.modules, "g2p_en", raising=False)
    host.stub_g2p_en()
    with pytest.raises(RuntimeError, match="espnet_kd.host"):
        sys.modules["g2p_en"].G2p("text")


def test_stub_spares_what_is_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "g2p_en", host)
    host.stub_g2p_en()
    assert sys.modules["g2p_en"] is host


def test_espnet_imports_g2p_unconditionally():
    """Why stub_g2p_en exists."""
    body = source_tree("espnet2.text.phoneme_tokenizer").body
    imported = [alias.name for node in body if isinstance(node, ast.Import) for alias in node.names]
    assert ("g2p_en" in imported) == host.is_before(202611)


def halved(number: int) -> float:
    return number / 2


@pytest.mark.parametrize("kept", [False, True])
def test_type_checks_are_skipped_unless_wanted(monkeypatch, kept):
    monkeypatch.setattr(typeguard, "typechecked", CHECKED)
    monkeypatch.setenv("ESPNET_KD_TYPE_CHECKS", str(int(kept)))
    host.skip_type_checks()
    assert (typeguard.typechecked is CHECKED) == kept
    if not kept:
        assert typeguard.typechecked(halved) is halved
        assert typeguard.typechecked(collection_check_strategy=None)(halved) is halved


def test_espnet_checks_types_in_its_tasks():
    """Why skip_type_checks exists."""
    decorators = [
        ast.unparse(decorator)
        for node in ast.walk(source_tree("espnet2.tasks.abs_task"))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
    ]
    assert decorators.count("typechecked") > 10, "skip_type_checks is no longer needed"


def test_espnet_prints_that_flash_attention_is_absent():
    """Why quiet_flash_attention exists."""
    tree = source_tree(host.attention_module())
    printed = [call for call in calls(tree) if call.startswith("print(")]
    assert any("Failed to import Flash Attention" in call for call in printed), "not needed"
    assert any("sys.stderr" in call for call in printed) != host.is_before(202611)


def warned(filename: str) -> list[type[Warning]]:
    """Kinds of warnings when code with an error of style is compiled under a file's name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        host.quiet_third_party()
        compile("1 is 1", filename, "exec")
    return [warning.category for warning in caught]


@pytest.mark.parametrize("name", ["tacotron_cleaner/__init__.py", "jamo/jamo.py"])
def test_compiling_third_parties_is_quiet(name):
    assert warned(f"/somewhere/lib/python3.11/site-packages/{name}") == []


@pytest.mark.parametrize("name", ["espnet_kd/host.py", "espnet/espnet_kd/host.py", "torchlike.py"])
def test_our_warnings_stay(name):
    assert warned(f"/somewhere/{name}") == [SyntaxWarning]


@pytest.mark.parametrize(
    ("module", "shown"), [("espnet2.tasks.enh", 0), ("torch", 0), ("espnet_kd.host", 1)]
)
def test_run_time_warnings(module, shown):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        host.quiet_third_party()
        warnings.warn_explicit("old", FutureWarning, "file.py", 1, module=module)
    assert len(caught) == shown


def calls(tree: ast.Module) -> Iterator[str]:
    return (ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_espnet_makes_an_integer_of_an_array():
    """Why setup.py requires numpy < 2.4 for ESPnet 202511: later versions refuse that."""
    tree = source_tree("espnet2.iterators.chunk_iter_factory")
    assert ("int(state.choice(chunk_lengths, 1))" in calls(tree)) == host.is_before(202611)


def no_space(_state, _file):
    raise OSError(errno.ENOSPC, "No space left on device")


def half(_state, file):
    file.write(b"half")
    raise KeyboardInterrupt


@pytest.mark.parametrize(("save", "error"), [(half, KeyboardInterrupt), (no_space, OSError)])
def test_a_checkpoint_is_never_half_written(tmp_path, monkeypatch, save, error):
    path = tmp_path / "checkpoint.pth"
    path.write_bytes(b"whole")
    monkeypatch.setattr(torch, "save", save)
    host.save_whole_checkpoints()
    with pytest.raises(error) as caught:
        torch.save({}, path)
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]
    if error is OSError:
        assert caught.value.filename == str(path)


def test_checkpoints_and_open_files_are_saved_as_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "save", getattr(torch.save, "__wrapped__", torch.save))
    host.save_whole_checkpoints()
    once = torch.save
    host.save_whole_checkpoints()
    assert torch.save is once
    torch.save({"a": torch.ones(2)}, str(tmp_path / "path.pth"))
    with (tmp_path / "file.pth").open("wb") as file:
        torch.save({"a": torch.ones(2)}, file)
    for name in ("path.pth", "file.pth"):
        assert torch.load(tmp_path / name)["a"].tolist() == [1.0, 1.0]


def test_espnet_writes_checkpoints_in_place():
    """Why save_whole_checkpoints exists."""
    saved = [call for call in calls(source_tree("espnet2.train.trainer")) if "torch.save" in call]
    assert any(call.endswith("output_dir / 'checkpoint.pth')") for call in saved), "not needed"


def test_espnet_averages_a_second_time_wrongly(tmp_path):
    """Why check_averaging exists: of 0, 3, 9 the best two average 1.5, all three 4."""
    host.prepare()
    from espnet2.main_funcs.average_nbest_models import average_nbest_models
    from espnet2.train.reporter import Reporter

    reporter = Reporter()
    for epoch, value in enumerate((0.0, 3.0, 9.0), 1):
        torch.save({"weight": torch.tensor(value)}, tmp_path / f"{epoch}epoch.pth")
        reporter.set_epoch(epoch)
        with reporter.observe("valid") as part:
            part.register({"loss": float(epoch)})
            part.next()

    def average(nbest: list[int], n: int) -> float:
        average_nbest_models(tmp_path, reporter, [("valid", "loss", "min")], nbest)
        return torch.load(tmp_path / f"valid.loss.ave_{n}best.pth")["weight"].item()

    assert average([2], 2) == 1.5
    assert average([3], 3) == 4.0
    assert (average([2, 3], 3) != 4.0) == host.is_before(202611)


def test_espnet_searches_for_silence_that_nothing_needs(monkeypatch):
    found, search = [], host_preprocessor.detect_non_silence
    monkeypatch.setattr(
        host_preprocessor, "detect_non_silence", lambda wave: found.append(wave) or search(wave)
    )
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 1000).astype(np.float32)
    preprocess = host_preprocessor.EnhPreprocessor(True, sample_rate=16000)
    preprocess("a", {"speech_mix": noise, "speech_ref1": noise})
    assert found
    with host.no_silence_search():
        preprocess("a", {"speech_mix": noise, "speech_ref1": noise})
    assert len(found) == 1


def test_espnet_does_not_end_its_process_group():
    names = {
        node.attr
        for module in ("espnet2.tasks.abs_task", "espnet2.train.trainer")
        for node in ast.walk(source_tree(module))
        if isinstance(node, ast.Attribute)
    }
    assert "state_dict" in names  # it is the trainer that was read
    assert "destroy_process_group" not in names


def test_a_signal_too_short_for_the_stft_is_an_error_that_espnet_expects():
    from espnet2.layers.stft import Stft

    host.name_short_signals()
    transform = Stft(n_fft=512)
    with pytest.raises(RuntimeError, match="Padding size should be less than"):
        Stft.forward.__wrapped__(transform, torch.ones(1, 256))
    with pytest.raises(host.too_short_error(), match="has 256 samples and is too short"):
        transform(torch.ones(1, 256))
    assert transform(torch.ones(1, 257))[0].shape[0] == 1
