"""Your own corpora: reading tables, writing sets, rejecting bad input."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from espnet_kd.bin.prepare_own import main
from espnet_kd.corpora.own.recordings import PARTS, read_table
from espnet_kd.data.kaldi_dir import read_set
from espnet_kd.errors import UserError

SETS = {f"{part}_{kind}" for part in PARTS for kind in ("simu", "real", "clean")}


def test_rows_become_sets_by_their_audio(own):
    own.run("--check_audio", "true")
    assert {path.name for path in (own.root / "data").iterdir()} == SETS
    audio = own.root / "audio"
    simu = read_set(own.root / "data/train_simu")
    assert simu["wav.scp"] == {
        "ann-train_a_SIMU": str(audio / "train_a.wav"),
        "ann-train_b_SIMU": str(audio / "train_b.wav"),
    }
    assert set(simu["spk1.scp"].values()) == {str(audio / "train_clean.wav")}
    real = read_set(own.root / "data/test_real")
    assert "spk1.scp" not in real
    assert real["wav.scp"] == {"bob-test_REAL": str(audio / "test_street.wav")}
    assert real["text"] == {"bob-test_REAL": "guten Tag"}, "unchanged except for white space"
    assert real["utt2spk"] == {"bob-test_REAL": "bob"}
    assert real["utt2num_samples"] == {"bob-test_REAL": "800"}
    clean = read_set(own.root / "data/valid_clean")
    assert clean["wav.scp"] == {"cleo-valid_CLEAN": str(audio / "valid_booth.flac")}
    assert clean["utt2category"] == {"cleo-valid_CLEAN": "CLEAN"}


def test_paths_may_contain_spaces(own):
    name = "audio/Straße  1.wav"  # two spaces
    (own.root / "audio/train_street.wav").rename(own.root / name)
    own.edit("bob-train", "noisy", f" {name} ")
    own.run()
    wavs = read_set(own.root / "data/train_real")["wav.scp"]
    assert list(wavs.values()) == [str(own.root / name)]


def test_ids_sort_like_their_speakers(own):
    for name, speaker in {"train_a": "198", "train_b": "19"}.items():
        own.edit(name, "speaker", speaker)
    own.run()
    utt2spk = read_set(own.root / "data/train_simu")["utt2spk"]
    assert list(utt2spk) == ["19-train_b_SIMU", "198-train_a_SIMU"]
    assert list(utt2spk.values()) == ["19", "198"], "in Kaldi's order, by character"


def test_each_reference_is_used_once_as_clean_speech(own, capsys):
    own.drop("cleo-train")
    own.run()
    clean = read_set(own.root / "data/train_clean")
    expected = {"ann-train_a_CLEAN": str(own.root / "audio/train_clean.wav")}
    assert clean["wav.scp"] == expected and "spk1.scp" not in clean
    said = [line for line in capsys.readouterr().out.splitlines() if "using" in line]
    assert said == ["train_clean: no CLEAN recordings, using the references of train_simu"]


@pytest.mark.parametrize(("end", "start"), [("\r\n", ""), ("\n", "\ufeff"), ("\n\n", "")])
def test_tables_as_spreadsheets_write_them(own, end, start):
    expected = list(read_table(own.save()))
    found = list(read_table(own.save(end, start)))
    assert [r.id for r in found] == [r.id for r in expected] and len(found) == 12
    assert [r.text for r in found] == [r.text for r in expected]


def test_a_table_may_have_columns_in_any_order_and_categories(own):
    expected = list(read_table(own.save()))
    own.columns = ["category", *reversed(own.columns)]
    own.rows = [
        [recording.category, *reversed(row)]
        for recording, row in zip(expected, own.rows, strict=True)
    ]
    assert list(read_table(own.save())) == expected


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("part", "dev", r"line 4: part is 'dev'; use train, valid, test"),
        ("id", "", "line 4: id is ''"),
        ("id", "a b", "line 4: id is 'a b'; use letters"),
        ("speaker", "x/y", "line 4: speaker is 'x/y'; use letters"),
        ("text", " ", "line 4: utterance 'bob-train' has no text; transcribe it"),
        ("noisy", "", "line 4: names neither noisy nor clean audio"),
        ("text", "a\tb", "line 4: has 7 cells, not 6"),
        ("noisy", "audio/none.wav", "none.wav: audio file is missing"),
        ("noisy", "audio/valid_a.wav", "valid_a.wav is in part 'valid', but also in 'train'"),
        ("id", "bob", None),
    ],
)
def test_a_bad_cell_is_an_error(own, column, value, message):
    own.edit("bob-train", column, value)
    if message is None:
        own.run()
    else:
        assert message in own.error()


@pytest.mark.parametrize(
    ("noisy", "clean", "stated", "message"),
    [
        ("audio/train_street.wav", "", "SIMU", "category is 'SIMU', but its audio says REAL"),
        ("audio/train_street.wav", "audio/train_clean.wav", "REAL", "its audio says SIMU"),
        ("", "audio/train_clean.wav", "noisy", "category is 'noisy', but its audio says CLEAN"),
    ],
)
def test_a_category_must_agree_with_the_audio(own, noisy, clean, stated, message):
    own.columns.append("category")
    own.rows = [[*row, ""] for row in own.rows]
    for column, value in {"noisy": noisy, "clean": clean, "category": stated}.items():
        own.edit("bob-train", column, value)
    assert message in own.error()


def test_a_repeated_id_is_an_error(own):
    own.edit("train_b", "id", "train_a")
    assert "line 3: id 'ann-train_a_SIMU' is also that of" in own.error()


@pytest.mark.parametrize("category", ["SIMU", "REAL"])
@pytest.mark.parametrize("part", PARTS)
def test_every_part_needs_both_kinds(own, part, category):
    names = {"SIMU": [f"{part}_a", f"{part}_b"], "REAL": [f"bob-{part}"]}
    own.drop(*names[category])
    assert f"have no {category} recordings" in own.error() and part in own.error()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda columns: columns.remove("text"), "names column 'text' 0 times"),
        (lambda columns: columns.append("id"), "names column 'id' 2 times"),
        (lambda columns: columns.append("Category"), "has an unknown column 'Category'"),
        (lambda columns: columns.clear(), "names column 'part' 0 times"),
    ],
)
def test_bad_column_names_are_errors(own, change, message):
    change(own.columns)
    assert message in own.error()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_bytes(b"part\xff"), "is not UTF-8"),
        (lambda path: path.mkdir(), "cannot be read"),
    ],
)
def test_unreadable_tables_are_errors(tmp_path, make, message):
    make(tmp_path / "t.tsv")
    with pytest.raises(UserError, match=f"t.tsv: {message}"):
        list(read_table(tmp_path / "t.tsv"))


def test_a_reference_of_another_length_is_rejected(own):
    own.audio("audio/train_clean.wav", 0.1 * np.ones(801))
    with pytest.raises(SystemExit, match="has 801 samples.*mixture and reference must be of equal"):
        own.run()


@pytest.mark.parametrize("name", ["train_street.wav", "test_clean.wav"])
def test_other_formats_are_errors_unless_copies_are_requested(own, name, capsys):
    own.audio(f"audio/{name}", 0.2 * np.ones(2400), rate=48000, subtype="FLOAT")
    line = own.error()
    assert f"audio/{name}: is 48000 Hz, WAV FLOAT (1 such files)" in line
    assert "--resample true" in line
    own.run("--resample", "true")
    assert "16-bit copies of 1 files" in capsys.readouterr().out
    copy = str(own.root / "copies" / str(own.root / "audio" / name).lstrip("/")) + ".wav"
    simu, real = (read_set(own.root / "data" / n) for n in ("test_simu", "train_real"))
    if name == "train_street.wav":
        assert real["wav.scp"]["bob-train_REAL"] == copy
    else:
        assert set(simu["spk1.scp"].values()) == {copy}
    assert soundfile.info(copy).frames == 800


def test_stereo_is_rejected_even_with_copies(own):
    own.audio("audio/train_street.wav", np.ones((800, 2)) / 4)
    assert "has 2 channels, not 1" in own.error("--resample", "true")


def test_noises_are_listed(own):
    (own.root / "noise/sub").mkdir(parents=True)
    own.audio("noise/bus.wav", np.ones(100) / 4)
    own.audio("noise/sub/bus.wav", np.ones(100) / 4)
    own.run("--noise", own.root / "noise")
    assert (own.root / "data/noise.scp").read_text() == (
        f"bus {own.root}/noise/bus.wav\nsub_bus {own.root}/noise/sub/bus.wav\n"
    )
    own.run()
    assert not (own.root / "data/noise.scp").exists(), "left by an earlier run"


@pytest.mark.parametrize(
    ("name", "message"), [(None, "has no wav or flac file"), ("a b.wav", "has white space")]
)
def test_bad_noises_are_errors(own, name, message):
    (own.root / "noise").mkdir()
    if name:
        own.audio(f"noise/{name}", np.ones(100) / 4)
    assert message in own.error("--noise", own.root / "noise")


def test_neither_table_nor_directory_is_an_error(tmp_path):
    with pytest.raises(SystemExit, match="--table: is not given, nor --dir"):
        main(["--out", str(tmp_path)])


@pytest.mark.brings(
    "lists", "noises a.wav and a.flac, or sub/b.wav and sub_b.wav", "all are listed"
)
@pytest.mark.parametrize("names", [("a.flac", "a.wav"), ("sub/b.wav", "sub_b.wav")])
def test_no_noise_is_lost(own, names):
    (own.root / "noise/sub").mkdir(parents=True)
    for name in names:
        own.audio(f"noise/{name}", np.ones(100) / 4)
    own.run("--noise", own.root / "noise")
    assert (own.root / "data/noise.scp").read_text() == "".join(
        f"{name} {own.root}/noise/{name}\n" for name in names
    )


def test_a_corpus_may_have_no_real_recordings(own, capsys):
    own.drop(*(f"bob-{part}" for part in PARTS))
    own.run()
    assert {path.name for path in (own.root / "data").iterdir()} == {
        name for name in SETS if not name.endswith("real")
    }
    assert "no REAL recordings: run the recipe with --real false\n" in capsys.readouterr().out
