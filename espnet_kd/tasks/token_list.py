"""The tokens a model reads or writes."""

from __future__ import annotations

import argparse
from pathlib import Path

from espnet_kd.errors import UserError


def token_list(args: argparse.Namespace) -> list[str]:
    """Tokens of `--token_list`, which is a file, or the list itself in a saved configuration."""
    if args.token_list is None:
        raise UserError("--token_list", "is missing", "a text-informed model needs it")
    if isinstance(args.token_list, str):
        path = Path(args.token_list)
        if not path.is_file():
            raise UserError(path, "does not exist", "run the stage that writes the token list")
        args.token_list = path.read_text(encoding="utf-8").splitlines()
    return list(args.token_list)
