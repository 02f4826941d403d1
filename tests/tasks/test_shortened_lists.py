"""Training lists without the utterances that no loss applies to."""

from __future__ import annotations

import dataclasses

import pytest
from espnet2.tasks.abs_task import IteratorOptions

from espnet_kd.fileio import read_columns
from espnet_kd.tasks.shortened_lists import drop_unused

from .kd_lists import UTTERANCES, arguments


@pytest.fixture
def make_options(tmp_path):
    """Return a function that returns ESPnet's options for a data list; the others do not matter."""

    def make(data):
        others = dict.fromkeys(field.name for field in dataclasses.fields(IteratorOptions))
        lists = {
            "data_path_and_name_and_type": data,
            "shape_files": [str(tmp_path / "utt2num_samples")],
        }
        return IteratorOptions(**{**others, **lists})

    return make


def test_unused_utterances_are_dropped(tmp_path, make_data, make_options, caplog):
    data = make_data()
    options = drop_unused(make_options(data), arguments(tmp_path, data), "train")
    first, *others = options.data_path_and_name_and_type
    assert first[1:] == data[0][1:]
    assert others == data[1:]
    assert read_columns(first[0]) == {"a_SIMU": "a_SIMU.wav"}
    assert read_columns(tmp_path / "exp/data_train/utt2category") == {"a_SIMU": "SIMU"}
    assert read_columns(options.shape_files[0]) == {"a_SIMU": "8000"}
    assert len(read_columns(data[0][0])) == len(UTTERANCES)  # the set itself is unchanged
    assert "train: 2 utterances left out" in caplog.text


def test_lists_without_unused_utterances_are_unchanged(tmp_path, make_data, make_options):
    data = make_data()
    args = arguments(tmp_path, data, kd_losses={"output": {"type": "output"}})
    options = make_options(data)
    assert drop_unused(options, args, "train") is options
    assert drop_unused(options, arguments(tmp_path, data), "valid") is options  # an empty list
    assert not (tmp_path / "exp").exists()
