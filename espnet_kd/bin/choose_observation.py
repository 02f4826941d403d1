"""Choose the weight of observation adding for each system: print `<system> <weight>`."""

from __future__ import annotations

import argparse

from espnet_kd.errors import exit_on_user_error
from espnet_kd.scoring.observation import choose_weight


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and print the weight with the lowest CER."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scores", required=True, help="contains <system>/<weight>/<set>/cer/counts.tsv"
    )
    parser.add_argument("--systems", nargs="+", required=True, help="systems to choose for")
    parser.add_argument("--sets", nargs="+", required=True, help="development sets to choose on")
    options = parser.parse_args(cmd)
    for system in options.systems:
        print(system, choose_weight(options.scores, system, options.sets))


if __name__ == "__main__":
    main()
