from __future__ import annotations

import json

import pytest

from espnet_kd import fileio
from espnet_kd.corpora.chime4.json_items import json_items
from espnet_kd.errors import UserError

ITEMS = [{"a": 'brackets ]}," \n é'}, [1, [2]], 12345, -1.5e3, "x", None, {}, []]


@pytest.mark.parametrize("chunk", [1, 2, 5, 1000])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("items", [ITEMS, [], [7]])
def test_items_do_not_depend_on_the_chunk_size(tmp_path, monkeypatch, chunk, indent, items):
    monkeypatch.setattr(fileio, "CHUNK", chunk)
    (tmp_path / "a.json").write_text(f" {json.dumps(items, indent=indent)}\n\n")
    assert list(json_items(tmp_path / "a.json")) == items


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", r"is not JSON \(Expecting value"),
        ("[1, 2", r"is not JSON \(Expecting ',' delimiter: line 1 column 6"),
        ("[1 2]", r"is not JSON \(Expecting ',' delimiter"),
        ("[1, 2] 3", r"is not JSON \(Extra data"),
        ("[1, 2,]", r"is not JSON \("),
        ('{"a": 1}', "is not a list of utterances"),
    ],
)
def test_malformed_lists_are_reported_as_by_the_json_module(tmp_path, content, problem):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(UserError, match=f"^{path}: {problem}"):
        list(json_items(path))
