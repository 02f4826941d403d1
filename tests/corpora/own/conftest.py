"""Small corpora of one's own: a table with its audio, and a Kaldi directory."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from espnet_kd.bin.prepare_own import main
from espnet_kd.corpora.own.recordings import PARTS

COLUMNS = ["part", "id", "speaker", "noisy", "clean", "text"]


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
