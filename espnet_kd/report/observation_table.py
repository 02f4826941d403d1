"""Table of the weights that observation adding was chosen from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from espnet_kd.report.markdown import in_order, set_title, system_title, table
from espnet_kd.rounding import half_up
from espnet_kd.scoring.observation import NOISY, choose_weight, rates_by_weight


def observation_table(root: str | os.PathLike, sets: Sequence[str]) -> str:
    """Return a table of error rates in % by system, weight and set; the chosen weights are bold.

    Args:
        root: see `espnet_kd.scoring.observation`.
        sets: development sets.
    """
    rows = []
    systems = {path.name for path in Path(root).iterdir()} - {NOISY[0]}
    for system in in_order(systems):
        chosen = choose_weight(root, system, sets)
        characters = rates_by_weight(root, system, sets, "cer")
        words = rates_by_weight(root, system, sets, "wer")
        for weight in characters:
            rates = (*characters[weight], *words[weight])
            cells = [system_title(system), weight, *(half_up(rate * 100, 1) for rate in rates)]
            rows.append([f"**{cell}**" for cell in cells] if weight == chosen else cells)
    columns = [*map(set_title, sets), "both"]
    header = [f"{unit} {column}" for unit in ("CER", "WER") for column in columns]
    return table(["ASR input", "weight", *header], rows)
