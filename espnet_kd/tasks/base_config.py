"""Parse a command line whose `--config` starts from other files, or brings classes of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from espnet_kd.errors import UserError
from espnet_kd.registry import load_plugins
from espnet_kd.yaml_base import read_with_bases


def parse_with_base(
    get_parser: Callable[[], argparse.ArgumentParser], cmd: Sequence[str] | None
) -> argparse.Namespace:
    """Parse a command line; what `--config` does not set comes from its bases.

    `plugins` of these files are imported first, since they add to the choices that the parser
    knows.

    Args:
        get_parser: makes ESPnet's parser, which reads `--config` itself and knows `--base`.
        cmd: the command line; None: that of the process.

    Raises:
        UserError: as `read_with_bases`; an unknown key; a plugin that cannot be imported;
            a name that is no choice.
    """
    config = _config_option().parse_known_args(cmd)[0].config
    files = read_with_bases(config) if config and Path(config).is_file() else []
    for _, values in files:
        load_plugins(values.get("plugins") or [])
    parser = get_parser()
    known = {action.dest for action in options_of(parser)}
    for path, values in files:
        for key in values:
            if key not in known:
                raise UserError(path, f"has an unknown key '{key}'", "see --help")
    for _, values in files[:-1]:
        parser.set_defaults(**values)
    args = parser.parse_args(cmd)
    take_as_options(parser, args)
    args.base = None  # its settings are in `args` now, and a saved configuration is complete
    return args


def options_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Give all options of a parser; argparse has no public list of them."""
    return parser._actions


def _config_option() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config")
    return parser


def take_as_options(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Take values of a YAML as on the command line, where ESPnet's parser checks no choices.

    Args:
        parser: of the task.
        args: whose strings get the type of their option.

    Raises:
        UserError: a wrong type or name.
    """
    for action in options_of(parser):
        value = getattr(args, action.dest, None)
        if not isinstance(value, str):
            continue
        try:
            value = action.type(value) if action.type else value
        except (TypeError, ValueError):
            raise UserError(f"{args.config}, {action.dest}", f"'{value}' is no value") from None
        setattr(args, action.dest, value)
        if action.choices and value not in action.choices:
            choices = ", ".join(str(choice) for choice in action.choices)
            raise UserError(
                f"{args.config}, {action.dest}", f"'{value}' is unknown", f"use {choices}"
            )
