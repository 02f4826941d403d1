"""Reading, checking and writing set directories."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from espnet_kd.data.audio import write_samples
from espnet_kd.data.kaldi_dir import check_audio, read_set, write_set
from espnet_kd.errors import UserError


def swap(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_written_set_is_read_back(set_dir, tables):
    assert read_set(set_dir) == tables
    assert (set_dir / "spk2utt").read_text() == "F01 F01_a_SIMU F01_b_SIMU\nM02 M02_c_SIMU\n"


def test_no_directory(tmp_path):
    with pytest.raises(UserError, match=f"^{tmp_path}/none: is not a directory"):
        read_set(tmp_path / "none")


@pytest.mark.parametrize("name", ["wav.scp", "text", "utt2spk", "spk2utt", "utt2category"])
def test_a_required_file_is_missing(set_dir, name):
    (set_dir / name).unlink()
    with pytest.raises(UserError, match=f"^{set_dir}/{name}: does not exist"):
        read_set(set_dir)


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("wav.scp", "F01_b_SIMU ", "F01_a_SIMU ", r"id 'F01_a_SIMU' appears twice \(line 2\)"),
        ("wav.scp", "M02_c_SIMU ", "A02_c_SIMU ", "id 'A02_c_SIMU' .* not sorted"),
        ("text", "F01_b_SIMU WORD B\n", "", "lacks utterance 'F01_b_SIMU' of wav.scp"),
        ("text", "F01_b_SIMU WORD B", "F01_b_SIMU", "'F01_b_SIMU' has an empty value"),
        ("text", "M02_c", "M02_d", "lacks utterance 'M02_c_SIMU' of wav.scp"),
        (
            "text",
            "WORD B",
            "WORD\u200bB",
            r"has U\+200B ZERO WIDTH SPACE in 'WORD\\u200bB",
        ),
        ("text", "WORD B", "WORD\u00a0B", r"F01_b_SIMU' has U\+00A0 NO-BREAK SPACE in"),
        ("utt2spk", "SIMU M02", "SIMU M03", "id 'M02_c_SIMU' does not begin with .* 'M03'"),
        ("spk2utt", "M02 M02_c_SIMU\n", "", "disagrees with utt2spk"),
        ("utt2category", "_b_SIMU SIMU", "_b_SIMU DEMO", "'F01_b_SIMU' has category 'DEMO'"),
        ("utt2num_samples", "3200", "-3200", "'F01_b_SIMU' has '-3200' samples"),
        ("utt2num_samples", "3200", "0", "'F01_b_SIMU' has '0' samples"),
    ],
)
def test_errors_name_the_file_and_the_value(set_dir, name, old, new, problem):
    swap(set_dir / name, old, new)
    with pytest.raises(UserError, match=f"^{set_dir}/{name}: .*{problem}"):
        read_set(set_dir)


def test_an_extra_utterance_is_reported_as_missing_in_the_other_file(set_dir):
    swap(set_dir / "text", "M02_c_SIMU WORD C\n", "M02_c_SIMU WORD C\nM02_d_SIMU WORD D\n")
    with pytest.raises(UserError, match="wav.scp: lacks utterance 'M02_d_SIMU' of text"):
        read_set(set_dir)


def test_an_empty_set(tmp_path, tables):
    with pytest.raises(UserError, match="wav.scp: contains no utterances"):
        write_set(tmp_path / "empty", {name: {} for name in tables})
    assert not (tmp_path / "empty").exists()


def test_a_real_mixture_cannot_be_its_own_reference(tmp_path, tables):
    tables["spk1.scp"]["F01_b_SIMU"] = tables["wav.scp"]["F01_b_SIMU"]
    write_set(tmp_path / "simu", tables)
    tables["utt2category"]["F01_b_SIMU"] = "REAL"
    with pytest.raises(
        UserError, match="spk1.scp: REAL utterance 'F01_b_SIMU' has its own mixture"
    ):
        write_set(tmp_path / "real", tables)


@pytest.mark.parametrize("letters", ["/a", "a" * 240])
def test_ids_that_cannot_be_names_of_files(tmp_path, tables, letters):
    tables = {
        name: {utt.replace("c_SIMU", letters): value for utt, value in table.items()}
        for name, table in tables.items()
    }
    with pytest.raises(UserError, match="set/utt2spk: id 'M02_.* cannot be the name of a file"):
        write_set(tmp_path / "set", tables)


@pytest.mark.brings(
    "lists", "ids that do not sort like their speakers, in a set directory", "the two are named"
)
def test_ids_and_speakers_must_sort_alike(tmp_path, tables):
    speakers = {"F01_a_SIMU": "p10", "F01_b_SIMU": "p1", "M02_c_SIMU": "p2"}
    new = {old: f"{speaker}_{old[4]}_SIMU" for old, speaker in speakers.items()}
    tables = {name: {new[u]: v for u, v in table.items()} for name, table in tables.items()}
    tables["utt2spk"] = {new[u]: speaker for u, speaker in speakers.items()}
    with pytest.raises(
        UserError,
        match="set/utt2spk: id 'p1_b_SIMU' of speaker 'p1' comes after the ids of 'p10'; begin",
    ):
        write_set(tmp_path / "set", tables)
    assert not (tmp_path / "set").exists()


def test_mixture_and_reference_of_different_length(set_dir, tables):
    check_audio(set_dir, tables, nj=1)
    write_samples(tables["spk1.scp"]["F01_b_SIMU"], np.ones(3199))
    with pytest.raises(
        UserError,
        match="clean/F01_b_SIMU.wav: has 3199 samples, but utterance 'F01_b_SIMU' .* has 3200",
    ):
        check_audio(set_dir, tables, nj=1)


@pytest.mark.parametrize(("file", "folder"), [("wav.scp", "noisy"), ("spk1.scp", "clean")])
def test_silence_is_detected_when_samples_are_read(set_dir, tables, file, folder):
    write_samples(tables[file]["M02_c_SIMU"], np.zeros(2000))
    check_audio(set_dir, tables, nj=1)
    with pytest.raises(UserError, match=f"{folder}/M02_c_SIMU.wav: all 2000 samples are zero"):
        check_audio(set_dir, tables, nj=1, samples=True)


def test_an_unchanged_set_is_not_written_again(set_dir, tables):
    (set_dir / "align").write_text("F01_a_SIMU 1\nF01_b_SIMU 2\nM02_c_SIMU 3\n")
    before = {path: os.stat(path).st_mtime_ns for path in set_dir.iterdir()}
    time.sleep(0.02)
    write_set(set_dir, tables)
    assert {path: os.stat(path).st_mtime_ns for path in set_dir.iterdir()} == before


@pytest.mark.parametrize("utterance", ["F01_a_SIMU", "M02_c_SIMU"])
def test_a_set_that_shrinks_or_grows_is_written(set_dir, tables, utterance):
    fewer = {name: {u: v for u, v in t.items() if u != utterance} for name, t in tables.items()}
    for wanted in (fewer, tables):
        write_set(set_dir, wanted)
        assert read_set(set_dir) == wanted


def test_tables_share_their_id_strings(set_dir):
    first, *others = (list(table) for table in read_set(set_dir).values())
    assert all(u is v for ids in others for u, v in zip(first, ids, strict=True))


def test_only_derived_files_of_a_changed_set_are_removed(set_dir, tables):
    for name in ("align", "text_exchanged", "notes.md"):
        (set_dir / name).write_text("F01_a_SIMU 1\n")
    tables["text_shape.char"] = dict.fromkeys(tables["text"], "6,30")
    write_set(set_dir, tables)
    assert (set_dir / "align").exists(), "text_shape is derived, so the set itself has not changed"
    tables["text"]["F01_a_SIMU"] = "OTHER"
    write_set(set_dir, tables)
    left = {path.name for path in set_dir.iterdir()}
    assert "notes.md" in left and not {"align", "text_exchanged"} & left


def test_a_dropped_reference_list_is_removed(set_dir, tables):
    del tables["spk1.scp"]
    write_set(set_dir, tables)
    assert "spk1.scp" not in read_set(set_dir)


def test_a_hundred_thousand_utterances_in_seconds(tmp_path):
    ids = [f"F{n // 1000:03d}_{n:06d}_SIMU" for n in range(100_000)]
    tables = {
        "wav.scp": {utterance: f"/corpus/{utterance}.wav" for utterance in ids},
        "text": dict.fromkeys(ids, "A SENTENCE OF SIX SHORT WORDS"),
        "utt2spk": {utterance: utterance[:4] for utterance in ids},
        "utt2category": dict.fromkeys(ids, "SIMU"),
        "utt2num_samples": dict.fromkeys(ids, "48000"),
    }
    start = time.process_time()
    write_set(tmp_path / "large", tables)
    assert read_set(tmp_path / "large") == tables
    assert time.process_time() - start < 20
