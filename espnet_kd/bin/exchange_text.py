"""Write <set>/text_exchanged: each utterance with the transcript of another one.

It is the wrong-text control: a teacher that uses the text does worse with it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.data.exchange import exchanged_text
from espnet_kd.errors import exit_on_user_error
from espnet_kd.fileio import read_columns, write_columns


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the exchanged transcripts of each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", required=True, help="set directories")
    for set_dir in map(Path, parser.parse_args(cmd).sets):
        lengths = read_columns(set_dir / "utt2num_samples")
        num_samples = {utterance: int(length) for utterance, length in lengths.items()}
        exchanged = exchanged_text(read_columns(set_dir / "text"), num_samples)
        write_columns(set_dir / "text_exchanged", exchanged)


if __name__ == "__main__":
    main()
