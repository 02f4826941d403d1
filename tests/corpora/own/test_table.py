"""Your own corpora: reading tables and directories, writing sets, rejecting bad input."""

from __future__ import annotations

import os
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from espnet_kd.bin.prepare_own import main
from espnet_kd.corpora.own.recordings import PARTS, read_directory, read_table
from espnet_kd.data.kaldi_dir import read_set
from espnet_kd.errors import UserError

COLUMNS = ["part", "id", "speaker", "noisy", "clean", "text"]
SETS = {f"{part}_{kind}" for part in PARTS for kind in ("simu", "real", "clean")}


class OwnMaker:
    """Two SIMU (same clean signal), one REAL and one CLEAN recording for each part."""

    def __init__(self, root):
        self.root = root
        self.table = root / "table.tsv"
        self.columns = list(COLUMNS)
        self.rows = []
        rng = np.random.default_rng(0)
        for part in PARTS:
            clean, other = (0.1 * rng.standard_normal(800) for _ in range(2))
            self.audio(f"audio/{part}_clean.wav", clean)
            self.audio(f"audio/{part}_booth.flac", other)
            for take in ("a", "b"):
                mixture = clean + 0.05 * rng.standard_normal(800)
                self.audio(f"audio/{part}_{take}.wav", mixture)
                self.add(part, f"{part}_{take}", "ann", f"{part}_{take}.wav", f"{part}_clean.wav")
            self.audio(f"audio/{part}_street.wav", other)
            self.add(part, f"bob-{part}", "bob", f"{part}_street.wav", "")
            self.add(part, f"cleo-{part}", "cleo", "", f"{part}_booth.flac")

    def audio(self, name, samples, rate=16000, subtype="PCM_16"):
        (self.root / name).parent.mkdir(exist_ok=True)
        soundfile.write(self.root / name, samples, rate, subtype=subtype)

    def add(self, part, name, speaker, noisy, clean):
        paths = [f"audio/{path}" if path else "" for path in (noisy, clean)]
        self.rows.append([part, name, speaker, *paths, "guten  Tag"])

    def edit(self, name, column, value):
        (row,) = (row for row in self.rows if row[1] == name)
        row[self.columns.index(column)] = value

    def drop(self, *names):
        self.rows = [row for row in self.rows if row[1] not in names]

    def save(self, end="\n", start=""):
        lines = ["\t".join(cells) for cells in (self.columns, *self.rows)]
        self.table.write_bytes((start + end.join(lines) + end).encode())
        return self.table

    def run(self, *options):
        out = ["--out", str(self.root / "data"), "--copies", str(self.root / "copies")]
        main(["--table", str(self.save()), *out, "--nj", "1", *map(str, options)])

    def error(self, *options):
        """Return the one-line error of a run; check that nothing was written."""
        with pytest.raises(SystemExit) as caught:
            self.run(*options)
        assert isinstance(caught.value.code, str) and "\n" not in caught.value.code
        assert not (self.root / "data").exists()
        return caught.value.code


@pytest.fixture
def own(tmp_path):
    return OwnMaker(tmp_path)


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


@pytest.fixture
def kaldi(tmp_path):
    """A Kaldi directory of two utterances."""
    files = {
        "wav.scp": "ann-1 /a/1.wav\nann-2 /a/2.wav\n",
        "spk1.scp": "ann-1 /c/1.wav\nann-2 /c/2.wav\n",
        "text": "ann-1 ONE\nann-2 TWO  TWO\n",
        "utt2spk": "ann-1 ann\nann-2 ann\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("category", ["SIMU", "REAL", "CLEAN"])
def test_directories_are_read_as_their_category(kaldi, category):
    first, second = read_directory(f"{category}:valid:{kaldi}")
    assert (first.id, second.id) == (f"ann-1_{category}", f"ann-2_{category}")
    assert second.text == "TWO TWO" and first.part == "valid" and first.speaker == "ann"
    assert first.audio == "/a/1.wav"
    assert first.reference == ("/c/1.wav" if category == "SIMU" else "")


@pytest.mark.parametrize(
    ("option", "file", "text", "message"),
    [
        ("REAL:train", None, "", "is not CATEGORY:PART:DIRECTORY"),
        ("NOISY:train:{}", None, "", "names no category"),
        ("REAL:dev:{}", None, "", "part is 'dev'"),
        ("REAL:train:{}", "segments", "", "segments: is not supported"),
        ("REAL:train:{}", "wav.scp", "ann-1 cat x |\nann-2 /a\n", "'cat x |' is a command"),
        ("REAL:train:{}", "text", "ann-1 ONE\n", "text: differs from wav.scp in 'ann-2'"),
        ("REAL:train:{}", "text", "ann-1 ONE\nann-2\n", "'ann-2' has no text"),
        ("SIMU:train:{}", "spk1.scp", None, "spk1.scp: does not exist"),
    ],
)
def test_bad_directories_are_errors(kaldi, option, file, text, message):
    if file and text is None:
        (kaldi / file).unlink()
    elif file:
        (kaldi / file).write_text(text)
    with pytest.raises(UserError) as caught:
        list(read_directory(option.format(kaldi)))
    assert message in str(caught.value)


@pytest.fixture
def session(own):
    """Two more channels of the real training recording; the last one is nearly silent."""
    own.columns.append("session")
    for row in own.rows:
        row.append("street" if row[1] == "bob-train" else "")
    wave = soundfile.read(own.root / "audio/train_street.wav")[0]
    for name, gain in (("bob-train2", 0.5), ("bob-train3", 0.01)):
        own.audio(f"audio/{name}.wav", gain * wave)
        own.add("train", name, "bob", f"{name}.wav", "")
        own.rows[-1].append("street")
    return own


def test_channels_of_a_session_are_listed(session, capsys):
    session.run()
    audio = session.root / "audio"
    found = (session.root / "data/train_real/channels.scp").read_text().splitlines()
    street, second, third = (
        audio / f"{n}.wav" for n in ("train_street", "bob-train2", "bob-train3")
    )
    assert found == [
        f"bob-train2_REAL {second}\t{street}",
        f"bob-train3_REAL {third}",
        f"bob-train_REAL {street}\t{second}",
    ]
    assert "bob-train3_REAL is not combined with other channels: 40.0 dB below" in (
        capsys.readouterr().out
    )
    assert not (session.root / "data/test_real/channels.scp").exists()
    for row in session.rows:
        row[-1] = ""
    session.run()
    assert not (session.root / "data/train_real/channels.scp").exists(), "of an earlier run"


def test_sessions_of_a_directory(own):
    directory = own.root / "kaldi"
    directory.mkdir()
    for file, value in (
        ("wav.scp", own.root / "audio/train_a.wav"),
        ("text", "x"),
        ("utt2spk", "k"),
    ):
        (directory / file).write_text(f"k1 {value}\nk2 {value}\n")
    (directory / "utt2session").write_text("k1 s\nk2 s\n")
    assert [r.session for r in read_directory(f"REAL:train:{directory}")] == ["s", "s"]
    (directory / "utt2session").write_text("k1 s\n")
    with pytest.raises(UserError, match="utt2session: differs from wav.scp in 'k2'"):
        list(read_directory(f"REAL:train:{directory}"))


@pytest.mark.parametrize(("column", "value"), [("text", "anders"), ("speaker", "ann")])
def test_a_session_with_different_texts_or_speakers(session, column, value):
    session.edit("bob-train3", column, value)
    error = session.error()
    assert f"{session.table}, line " in error
    assert f"but its {column} differs; correct the session or the {column}" in error
    assert f": is in session 'street' with {session.table}, line " in error


def test_a_session_with_different_lengths(session):
    session.audio("audio/bob-train2.wav", np.full(799, 0.1))
    with pytest.raises(SystemExit) as caught:
        session.run()
    assert "has 800 samples, but " in caught.value.code
    assert "of the same session 'street', has 799; cut the channels" in caught.value.code
    assert not (session.root / "data/train_real").exists()


@pytest.mark.brings("lists", "a training file copied into the test part", "both are named")
@pytest.mark.brings("lists", "a training file linked into the test part", "both are named")
@pytest.mark.brings("lists", "a training file as FLAC in the test part", "both are named")
@pytest.mark.parametrize("way", ["symlink", "hard link", "copy", "folder", "flac", "24 bits"])
@pytest.mark.parametrize("kind", ["street", "clean"])
def test_the_same_audio_in_two_parts(own, way, kind):
    old, new = own.root / f"audio/train_{kind}.wav", own.root / "audio/mirror.wav"
    if way == "symlink":
        os.symlink(old, new)
    elif way == "hard link":
        os.link(old, new)
    elif way == "copy":
        shutil.copy(old, new)
    elif way == "folder":
        os.symlink(old.parent, own.root / "mirror")
        new = own.root / f"mirror/{old.name}"
    else:
        new = new.with_suffix(".flac")
        samples, rate = soundfile.read(old)
        soundfile.write(new, samples, rate, subtype="PCM_24" if way == "24 bits" else None)
    row = "bob-test" if kind == "street" else "test_a"
    own.edit(row, "noisy" if kind == "street" else "clean", str(new.relative_to(own.root)))
    error = own.error("--resample", "true")
    assert f"{new} is in part 'test', but has the samples of {old} in part 'train'" in error
    assert error.startswith(f"error: {own.table}, line ") and not (own.root / "copies").exists()


@pytest.mark.brings("lists", "a simulated row whose noisy file is its clean one", "both files")
@pytest.mark.parametrize("copy", [False, True])
def test_a_noisy_signal_that_is_clean(own, copy):
    name = "audio/train_clean.wav"
    if copy:
        shutil.copy(own.root / name, own.root / "audio/copy.wav")
    own.edit("train_a", "noisy", "audio/copy.wav" if copy else name)
    error = own.error()
    assert f"line 2: noisy {own.root}/" in error
    assert f" and clean {own.root}/{name} have the same samples; give the mixture" in error


@pytest.mark.brings("lists", "a simulated row with exchanged columns", "exchange the two columns")
def test_exchanged_columns(own):
    own.edit("train_b", "noisy", "audio/train_clean.wav")
    own.edit("train_b", "clean", "audio/train_b.wav")
    assert "line 3: noisy" in own.error() and "exchange the two columns" in own.error()


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


def kaldi_sorted(utt2spk):
    """Return whether Kaldi's utils/validate_data_dir.sh calls the file sorted."""
    check = 'export LC_ALL=C; sort -c "$0" && sort -k2 "$0" | cmp - "$0"'
    return subprocess.run(["bash", "-c", check, utt2spk], capture_output=True).returncode == 0


@pytest.mark.brings("lists", "speakers p1 and p10 with ids p1_a and p10_a", "ids get the speaker")
@pytest.mark.parametrize("where", ["train_a train_b", "train_a bob-train", "train_a test_a"])
def test_ids_that_do_not_sort_like_their_speakers(own, where, capsys):
    for name, speaker in zip(where.split(), ("p1", "p10"), strict=True):
        own.edit(name, "speaker", speaker)
        own.edit(name, "id", f"{speaker}_001")
    own.run()
    sets = list((own.root / "data").iterdir())
    assert all(kaldi_sorted(directory / "utt2spk") for directory in sets)
    ids = [line.split()[0] for d in sets for line in (d / "utt2spk").read_text().splitlines()]
    assert any(i.startswith("p1-p1_001_") for i in ids)
    assert any(i.startswith("p10-p10_001_") for i in ids)
    assert sum(i.startswith("bob-") for i in ids) == 3 - ("bob" in where), "kept where right"
    assert "put the speaker before each id, because 'p10_001_" in capsys.readouterr().out


@pytest.mark.brings("lists", "a speaker named like another one and '-'", "both ids in one line")
def test_speakers_that_no_id_can_sort_like(own):
    for name, speaker, new in (("train_a", "p1", "p1-z"), ("train_b", "p1-a", "p1-a-b")):
        own.edit(name, "speaker", speaker)
        own.edit(name, "id", new)
    assert "id 'p1-z_SIMU' of speaker 'p1' sorts after 'p1-a-b_SIMU' of 'p1-a'" in own.error()


@pytest.mark.brings("lists", "ESPnet's copies at other speeds (sp0.9-)", "leave the copies out")
@pytest.mark.parametrize("column", ["id", "speaker"])
def test_copies_at_other_speeds(own, column):
    own.edit("train_a", column, "sp0.9-x")
    assert f"line 2: {column} 'sp0.9-x' is that of a copy at another speed" in own.error()
    own.edit("sp0.9-x" if column == "id" else "train_a", column, "sp1-x")
    own.run()


@pytest.mark.brings("text", "cells in quotes, as a spreadsheet writes them", "quotes go, counted")
@pytest.mark.brings("text", "zero-width spaces and soft hyphens", "removed from words, counted")
def test_words_are_cleaned_and_changes_counted(own, capsys):
    own.edit("train_a", "text", '"HE SAID ""HELLO"""')
    own.edit("train_b", "text", "A\u200bB\u00a0C")
    own.edit("bob-train", "text", '"D" E')
    own.edit("bob-train", "noisy", '"audio/train_street.wav"')
    own.run()
    assert read_set(own.root / "data/train_simu")["text"] == {
        "ann-train_a_SIMU": 'HE SAID "HELLO"',
        "ann-train_b_SIMU": "AB C",
    }
    assert read_set(own.root / "data/train_real")["text"] == {"bob-train_REAL": '"D" E'}
    out = capsys.readouterr().out
    assert f"{own.table}: removed the quotes around 2 cells\n" in out
    assert f"{own.table}: removed U+200B ZERO WIDTH SPACE from 1 transcripts" in out


@pytest.mark.brings("text", "a text in quotes over two lines of the table", "its line is named")
def test_a_quoted_cell_over_two_lines(own):
    own.edit("train_a", "text", '"ONE\nTWO"')
    assert "line 2: has 6 cells" not in own.error()
    own.edit("train_a", "text", '"ONE\tTWO"')
    assert "line 2: has 7 cells, not 6; write the text in quotes in one line" in own.error()


@pytest.mark.brings("text", "a NUL or another control character", "line and character")
@pytest.mark.parametrize("column", ["text", "noisy", "id"])
def test_control_characters(own, column):
    own.edit("train_a", column, "A\x00B")
    assert "table.tsv: line 2 has the control character U+0000" in own.error()


def test_directory_texts_are_cleaned_too(kaldi, capsys):
    (kaldi / "text").write_bytes('\ufeffann-1 ONE\u200b\nann-2\t"TWO ""3"""\n'.encode())
    assert [r.text for r in read_directory(f"REAL:train:{kaldi}")] == ["ONE", 'TWO "3"']
    assert f"{kaldi}/text: removed U+200B" in capsys.readouterr().out
