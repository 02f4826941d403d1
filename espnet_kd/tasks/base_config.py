"""Parse a command line whose `--config` may start from other files or list plugins."""

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
    """Parse a command line; values that `--config` does not set come from its bases.

    The modules that `plugins` of these files lists are imported first, because they add choices to
    the parser.

    Args:
        get_parser: returns ESPnet's parser, which reads `--config` itself and knows `--base`.
        cmd: the command line; None: that of this process.

    Raises:
        UserError: see `read_with_bases`; also if a key is unknown, a plugin cannot be imported, or
            a value is not valid for its option.
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
    args.base = None  # `args` now has its settings; a saved configuration needs no other file
    return args


def options_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return all options of a parser; argparse has no public list of them."""
    return parser._actions


def _config_option() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config")
    return parser


def take_as_options(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Convert and check strings from a YAML as if they came from the command line.

    ESPnet's parser does not check values from a YAML against the choices of their option.

    Args:
        parser: parser of the task.
        args: parsed arguments, whose strings are converted in place to the types of their options.

    Raises:
        UserError: a value has the wrong type or is not one of the choices.
    """
    for action in options_of(parser):
        value = getattr(args, action.dest, None)
        if not isinstance(value, str):
            continue
        try:
            value = action.type(value) if action.type else value
        except (TypeError, ValueError):
            problem = f"'{value}' is not a valid value"
            raise UserError(f"{args.config}, {action.dest}", problem) from None
        setattr(args, action.dest, value)
        if action.choices and value not in action.choices:
            choices = ", ".join(str(choice) for choice in action.choices)
            raise UserError(
                f"{args.config}, {action.dest}", f"'{value}' is unknown", f"use {choices}"
            )
