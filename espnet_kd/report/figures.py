"""Figure 3 of the text-informed KD paper: the distribution of SDR over utterances."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from espnet_kd.fileio import atomic_path

# The bins of the paper; one more bin at each end holds the utterances outside them.
EDGES = (-3, 3, 6, 9, 12, 15, 18, 22)
# Okabe and Ito's palette for color-blind readers; the hatches are for grayscale prints.
STYLES = (
    ("#999999", ""),
    ("#E69F00", "//"),
    ("#0072B2", ""),
    ("#009E73", "\\\\"),
    ("#CC79A7", ".."),
)


def sdr_bins(values: Sequence[float]) -> np.ndarray:
    """Count SDRs in dB (N,) in the bins below -3, [-3, 3), ..., [18, 22), 22 and above: (9,)."""
    return np.histogram(values, bins=[-np.inf, *EDGES, np.inf])[0]


def save_sdr_figure(
    path: str | os.PathLike, sets: Mapping[str, Mapping[str, Sequence[float]]]
) -> None:
    """Draw one panel for each set, with one bar for each system and bin.

    Args:
        path: image file to write (.png, .pdf, .svg).
        sets: title of the set -> name of the system -> SDRs in dB (N,).
    """
    figure = Figure(figsize=(4 + 4 * len(sets), 3.6), layout="constrained")
    panels = figure.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    labels = [
        f"< {EDGES[0]}",
        *(f"[{a}, {b})" for a, b in zip(EDGES, EDGES[1:], strict=False)),
        f"≥ {EDGES[-1]}",
    ]
    for panel, (title, systems) in zip(panels, sets.items(), strict=True):
        width = 0.85 / len(systems)
        for number, (name, values) in enumerate(systems.items()):
            color, hatch = STYLES[number % len(STYLES)]
            left = np.arange(len(labels)) + (number - (len(systems) - 1) / 2) * width
            panel.bar(
                left,
                sdr_bins(values),
                width,
                label=name,
                color=color,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.5,
            )
        panel.set_xticks(np.arange(len(labels)), labels, rotation=30, fontsize=8)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("SDR [dB]")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("utterances")
    panels[-1].legend(frameon=False, fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)
