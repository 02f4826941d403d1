"""Split the recognized text of a joint set into OUT/<system>/<set>/text."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.data.join import split_hypotheses
from espnet_kd.errors import exit_on_user_error
from espnet_kd.fileio import write_columns


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write one text per system and set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hyp", nargs="+", required=True, help="recognized text of the splits")
    parser.add_argument("--out", required=True, help="directory to write into")
    options = parser.parse_args(cmd)
    for (system, set_name), words in split_hypotheses(options.hyp).items():
        write_columns(Path(options.out) / system / set_name / "text", words)


if __name__ == "__main__":
    main()
