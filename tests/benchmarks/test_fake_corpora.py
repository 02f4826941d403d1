"""The benchmark's corpora are in the form that the recipe's readers expect."""

from __future__ import annotations

import pytest

from benchmarks.data_scale import CHIME4, PUBLISHED, set_sizes
from benchmarks.fake_audio import KINDS, Recordings, samples_of
from benchmarks.fake_chime4 import FakeChime4
from benchmarks.fake_sentences import sentence, sentence_name
from benchmarks.fake_wsj import write_wsj
from espnet_kd.corpora.chime4.check import check
from espnet_kd.corpora.chime4.expected import read_expected
from espnet_kd.corpora.chime4.tree import Chime4Tree
from espnet_kd.corpora.wsj.sets import SIZE, WSJ0_INDEX, WSJ1_INDEX
from espnet_kd.corpora.wsj.tree import WsjTree
from espnet_kd.data.audio import num_samples

SIZES = dict.fromkeys(CHIME4, 9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Both corpora, with the references and copies that stage 1 makes."""
    folder = tmp_path_factory.mktemp("corpora")
    recordings = Recordings(folder / "linked")
    corpus = FakeChime4(folder / "CHiME4", SIZES, recordings)
    corpus.write()
    corpus.write_references(folder / "references")
    write_wsj(folder / "WSJ0", folder / "WSJ1", 30, recordings, folder / "copies")
    return folder


def test_published_size_has_the_published_sets():
    assert set_sizes(PUBLISHED) == (CHIME4, SIZE)


@pytest.mark.parametrize("size", [100, 200, 12345, 1_000_000])
def test_training_sets_add_up(size):
    sets, wsj = set_sizes(size)
    assert 6 * (sets["tr05_simu"] + sets["tr05_real"]) + wsj == size
    assert min(sets.values()) >= 2
    assert wsj / size == pytest.approx(SIZE / PUBLISHED, abs=0.05)


def test_corpus_passes_the_check(folder):
    tree = Chime4Tree(folder / "CHiME4")
    expected, source = read_expected(tree.data.parent)
    assert source.endswith("counts.json")
    assert check(tree, expected).problems == []
    assert sum(expected.utterances["dt05_real"].values()) == 9


def test_references_are_as_long_as_their_mixtures(folder):
    found = sorted((folder / "references").glob("*_simu/*.flac"))
    assert len(found) == 9 * 6 + 9 + 9
    for path in found:
        mixture = f"data/audio/16kHz/isolated/{path.parent.name}/{path.stem}.wav"
        assert num_samples(path) == num_samples(folder / "CHiME4" / mixture)


def test_transcripts_of_wsj(folder):
    for root, index, size in (("WSJ0", WSJ0_INDEX, 6), ("WSJ1", WSJ1_INDEX, 24)):
        tree = WsjTree(folder / root)
        entries = list(tree.index(index))
        assert len(entries) == size
        assert all(tree.file(file) is not None for _, file in entries)
    assert tree.transcript("000c0029") == sentence(29)
    assert tree.transcript("000c0005") is None  # in WSJ0


def test_recordings_are_links_of_different_lengths(tmp_path):
    recordings = Recordings(tmp_path / "linked")
    for index in (0, 1, KINDS):
        recordings.put(tmp_path / f"{index}.wav", index)
    assert (tmp_path / "0.wav").samefile(tmp_path / f"{KINDS}.wav")
    assert num_samples(tmp_path / "1.wav") == samples_of(1) != samples_of(0)


def test_sentences_and_names_are_unique():
    numbers = range(3000)
    assert len({sentence(n) for n in numbers}) == len({sentence_name(n) for n in numbers}) == 3000
    assert {len(sentence_name(n)) for n in numbers} == {8}
