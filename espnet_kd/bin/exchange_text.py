"""Write <set>/text_exchanged: each utterance with the transcript of another one.

This is the wrong-text control: a teacher that uses the text performs worse with a wrong one. A set
with only one transcript gets transcripts of the other sets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.data.exchange import exchanged_text
from espnet_kd.errors import exit_on_user_error
from espnet_kd.fileio import read_columns, read_lengths, write_columns


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the exchanged transcripts of each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", required=True, help="set directories")
    sets = {set_dir: _read(set_dir) for set_dir in map(Path, parser.parse_args(cmd).sets)}
    for set_dir, (own, lengths) in sets.items():
        text = own
        if len(set(own.values())) == 1:
            for others, their_lengths in sets.values():
                text, lengths = others | text, their_lengths | lengths
        exchanged = exchanged_text(text, lengths, set_dir / "text")
        write_columns(set_dir / "text_exchanged", {utt: exchanged[utt] for utt in own})


def _read(set_dir: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Return transcripts and lengths by utterance."""
    lengths = read_lengths(set_dir / "utt2num_samples")
    return read_columns(set_dir / "text"), lengths


if __name__ == "__main__":
    main()
