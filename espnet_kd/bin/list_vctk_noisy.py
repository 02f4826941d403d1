"""List VoiceBank+DEMAND as a table for prepare_own; p226 and p287 are its validation set."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from espnet_kd.corpora.own.recordings import COLUMNS
from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.fileio import write_lines

VALID_SPEAKERS = ("p226", "p287")
FOLDERS = (  # noisy, clean, text
    ("noisy_trainset_28spk_wav", "clean_trainset_28spk_wav", "trainset_28spk_txt"),
    ("noisy_testset_wav", "clean_testset_wav", "testset_txt"),
)


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="directory of the corpus")
    parser.add_argument("--out", type=Path, required=True, help="table to write")
    args = parser.parse_args(cmd)
    rows = [row for folders in FOLDERS for row in _rows(args.corpus.absolute(), folders)]
    write_lines(args.out, ["\t".join(cells) for cells in (COLUMNS, *rows)])
    print(f"{args.out}: {len(rows)} utterances")


def _rows(corpus: Path, folders: tuple[str, str, str]) -> Iterator[tuple[str, ...]]:
    noisy, clean, text = (corpus / name for name in folders)
    files = sorted(noisy.glob("*.wav"))
    if not files:
        raise UserError(noisy, "has no wav file", "correct VCTK_NOISY in db.sh")
    for file in files:
        words = text / f"{file.stem}.txt"
        for path in (clean / file.name, words):
            if not path.exists():
                raise UserError(path, f"does not exist, but {file} does", "complete the corpus")
        speaker = file.stem.partition("_")[0]
        part = "train"
        if "testset" in noisy.name:
            part = "test"
        elif speaker in VALID_SPEAKERS:
            part = "valid"
        spoken = " ".join(re.sub(r"[^\w' ]", " ", words.read_text(encoding="utf-8")).split())
        yield part, file.stem, speaker, str(file), str(clean / file.name), spoken.upper()


if __name__ == "__main__":
    main()
