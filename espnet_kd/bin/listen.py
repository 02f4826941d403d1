"""Write an HTML page with audio and spectrograms of a few utterances from several systems."""

from __future__ import annotations

import argparse

from espnet_kd.errors import UserError, exit_on_user_error
from espnet_kd.options import split_fields
from espnet_kd.report.listening_page import write_listening_page

SYSTEM_FORM = "NAME:SCP"


@exit_on_user_error
def main(cmd: list[str] | None = None) -> None:
    """Parse arguments and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", required=True, help="set directories with text")
    parser.add_argument(
        "--system",
        action="append",
        required=True,
        metavar=SYSTEM_FORM,
        help="a system's name and its list of audio files, where {set} is replaced by the name of "
        "the set; may be repeated",
    )
    parser.add_argument("--count", type=int, default=2, help="utterances per set")
    parser.add_argument("--out", required=True, help="HTML file to write")
    args = parser.parse_args(cmd)
    if args.count < 1:
        raise UserError("--count", f"is {args.count}", "give at least 1")
    systems = dict(split_fields("--system", text, SYSTEM_FORM) for text in args.system)
    write_listening_page(args.sets, systems, args.count, args.out)
    print(args.out)


if __name__ == "__main__":
    main()
