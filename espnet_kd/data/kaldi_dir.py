"""Read and write set directories as tables in memory; see `espnet_kd.data.rows`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from espnet_kd.data.rows import Row, check_row_audio, check_same_ids, read_rows, write_rows

Table = dict[str, str]
Tables = dict[str, Table]


def read_set(directory: str | os.PathLike) -> Tables:
    """Read and check a set directory.

    Returns:
        Tables by file name (`wav.scp`, `text`, ...), each utterance id -> value, in C order. The
        tables share the id strings.

    Raises:
        UserError: see `read_rows`.
    """
    tables: Tables = {}
    for utterance, values in read_rows(directory):
        for name, value in values.items():
            tables.setdefault(name, {})[utterance] = value
    return tables


def table_rows(tables: Tables) -> Iterator[Row]:
    """Yield the rows of tables that have the same ids, in C order."""
    for utterance in sorted(tables["wav.scp"]):
        yield utterance, {name: table[utterance] for name, table in tables.items()}


def check_audio(
    directory: str | os.PathLike, tables: Tables, nj: int, samples: bool = False
) -> None:
    """Check the audio a set points at; see `check_row_audio`."""
    check_row_audio(directory, table_rows(tables), nj, samples)


def write_set(directory: str | os.PathLike, tables: Tables) -> None:
    """Check and write a set; see `write_rows`.

    Raises:
        UserError: the tables have different ids; see `write_rows`.
    """
    for name, table in tables.items():
        check_same_ids(Path(directory), name, tables["wav.scp"].keys(), table.keys())
    write_rows(directory, table_rows(tables))
