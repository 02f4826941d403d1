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
def test_items_are_those_of_the_list_wherever_it_is_cut(
    tmp_path, monkeypatch, chunk, indent, items
):
    monkeypatch.setattr(fileio, "CHUNK", chunk)
    (tmp_path / "a.json").write_text(f" {json.dumps(items, indent=indent)}\n\n")
    assert list(json_items(tmp_path / "a.json")) == items


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", r"is no JSON \(Expecting value"),
        ("[1, 2", r"is no JSON \(Expecting ',' delimiter: line 1 column 6"),
        ("[1 2]", r"is no JSON \(Expecting ',' delimiter"),
        ("[1, 2] 3", r"is no JSON \(Extra data"),
        ("[1, 2,]", r"is no JSON \("),
        ('{"a": 1}', "is no list of utterances"),
    ],
)
def test_what_is_no_list_is_told_as_by_the_json_module(tmp_path, content, problem):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(UserError, match=f"^{path}: {problem}"):
        list(json_items(path))
