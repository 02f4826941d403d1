"""The record of a set's inputs, and which outputs are done."""

from __future__ import annotations

import pytest

from espnet_kd.checkpoint import checksums
from espnet_kd.errors import UserError
from espnet_kd.inference.outputs import (
    begin_outputs,
    check_begun,
    check_complete,
    finished,
    mark_not_finite,
    wave_path,
)

RECORD = "model.sha256"


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.pth"
    path.write_text("one")
    return path


def test_outputs_of_other_inputs_are_removed(model, tmp_path):
    out = tmp_path / "out"
    begin_outputs(out, RECORD, checksums([model]))
    (out / "wav").mkdir()
    begin_outputs(out, RECORD, checksums([model]))
    assert (out / "wav").exists()
    model.write_text("two")
    begin_outputs(out, RECORD, checksums([model]))
    assert [path.name for path in out.iterdir()] == [RECORD]


def test_inputs_may_move_but_settings_must_not_change(model, tmp_path):
    out = tmp_path / "out"
    begin_outputs(out, RECORD, checksums([model]) + "# bfloat16\n")
    moved = model.rename(tmp_path / "moved.pth")
    check_begun(out, RECORD, checksums([moved]) + "# bfloat16\n")
    for settings in ("", "# float16\n"):
        with pytest.raises(UserError, match="is not ready"):
            check_begun(out, RECORD, checksums([moved]) + settings)


def test_incomplete_files_of_a_killed_run_are_removed(model, tmp_path):
    out = tmp_path / "out"
    begin_outputs(out, RECORD, checksums([model]))
    whole, half = wave_path(out, "F01.CH1_a"), wave_path(out, ".F01.CH1_b.77")
    whole.parent.mkdir()
    whole.touch()
    half.touch()
    begin_outputs(out, RECORD, checksums([model]))
    assert whole.exists() and not half.exists()


def test_a_directory_with_other_files_is_not_changed(tmp_path):
    (tmp_path / "wav.scp").write_text("precious")
    with pytest.raises(UserError, match="contains files but no model.sha256"):
        begin_outputs(tmp_path, RECORD, "")
    assert (tmp_path / "wav.scp").read_text() == "precious"


def test_jobs_need_begin_for_the_same_inputs(model, tmp_path):
    out = tmp_path / "out"
    refused = pytest.raises(UserError, match="is not ready for these inputs; run --part begin")
    with refused:
        check_begun(out, RECORD, checksums([model]))
    begin_outputs(out, RECORD, checksums([model]))
    check_begun(out, RECORD, checksums([model]))
    model.write_text("two")
    with refused:
        check_begun(out, RECORD, checksums([model]))


def test_finished_utterances(tmp_path):
    assert finished(tmp_path) == {}
    for name in ("F01.CH1_a", ".F01_c.77"):
        wave_path(tmp_path, name).parent.mkdir(exist_ok=True)
        wave_path(tmp_path, name).touch()
    mark_not_finite(wave_path(tmp_path, "F01_b"))
    assert finished(tmp_path) == {"F01.CH1_a": True, "F01_b": False}
    check_complete(tmp_path, ["F01.CH1_a", "F01_b"])
    with pytest.raises(UserError, match=r"lacks 2 of 3 utterances \('F01_c'\)"):
        check_complete(tmp_path, ["F01_b", "F01_d", "F01_c"])
