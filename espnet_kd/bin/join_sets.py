"""Join several systems' versions of several sets; ids become <system>.<set>.<utterance>."""

from __future__ import annotations

import argparse

from espnet_kd.data.join import Part, join_parts, write_splits
from espnet_kd.data.kaldi_dir import write_set
from espnet_kd.errors import UserError, exit_on_user_error


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the joint set, and its splits for decoding if requested."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--part",
        action="append",
        required=True,
        metavar="SYSTEM,SET_DIR[,WAV_SCP]",
        help="a set, with WAV_SCP for audio that a system has enhanced; may be repeated",
    )
    parser.add_argument("--out", required=True, help="set directory to write")
    parser.add_argument(
        "--splits", type=int, default=0, help="number of lists keys.<n>.scp to write for decoding"
    )
    options = parser.parse_args(cmd)
    tables = join_parts([_part(text) for text in options.part])
    write_set(options.out, tables)
    write_splits(options.out, tables, options.splits)
    print(f"{options.out}: {len(tables['wav.scp'])} utterances of {len(options.part)} parts")


def _part(text: str) -> Part:
    fields = text.split(",")
    if not 2 <= len(fields) <= 3 or not all(fields):
        raise UserError("--part", f"'{text}' is not SYSTEM,SET_DIR[,WAV_SCP]", "use this form")
    return Part(*fields)


if __name__ == "__main__":
    main()
