"""docs/onnx.md: names of tensors and metadata are those of the files."""

from __future__ import annotations

import re
from pathlib import Path

import onnx
import pytest

from .page import dead_links

PAGE = Path(__file__).parents[2] / "docs/onnx.md"


def test_links_of_the_page_exist():
    assert dead_links(PAGE) == []


@pytest.mark.parametrize("name", ["gtcrn", "tcn"])
def test_the_page_names_what_is_in_a_file(onnx_file, name):
    proto, words = onnx.load(onnx_file(name)[1]), set(re.findall(r"`(\w+)`", PAGE.read_text()))
    keys = {entry.key for entry in proto.metadata_props if not entry.key.endswith("_cache_shape")}
    assert keys <= words
    tensors = [tensor.name for tensor in (*proto.graph.input[:3], *proto.graph.output[:2])]
    assert set(tensors) <= words
