"""Table of the weights that observation adding was chosen from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from espnet_kd.report.markdown import in_order, set_title, system_title, table
from espnet_kd.scoring.observation import NOISY, choose_weight, rates_by_weight


def observation_table(root: str | os.PathLike, sets: Sequence[str]) -> str:
    """Return a table of the WER in % by system, weight and set, with the chosen weights in bold.

    Args:
        root: see `espnet_kd.scoring.observation`.
        sets: development sets.
    """
    rows = []
    systems = {path.name for path in Path(root).iterdir()} - {NOISY[0]}
    for system in in_order(systems):
        chosen = choose_weight(root, system, sets)
        for weight, rates in rates_by_weight(root, system, sets).items():
            cells = [system_title(system), weight, *(f"{100 * rate:.1f}" for rate in rates)]
            rows.append([f"**{cell}**" for cell in cells] if weight == chosen else cells)
    return table(["ASR input", "weight", *map(set_title, sets), "all words"], rows)
