"""Read the token list of a model."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.errors import UserError


def token_list(args: argparse.Namespace) -> list[str]:
    """Return the tokens of `--token_list`: a file, or the list itself in a saved configuration.

    Raises:
        UserError: no token list is given, or the file does not exist.
    """
    if args.token_list is None:
        raise UserError("--token_list", "is missing", "give the one of the text-informed model")
    if isinstance(args.token_list, str):
        path = Path(args.token_list)
        if not path.is_file():
            raise UserError(path, "does not exist", "run the stage that writes the token list")
        args.token_list = path.read_text(encoding="utf-8").splitlines()
    return list(args.token_list)
