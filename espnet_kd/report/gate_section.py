"""Whether the transcript tells good pseudo-references from bad ones, where the truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from espnet_kd.errors import UserError
from espnet_kd.fileio import atomic_path
from espnet_kd.report.se_tables import Scores

FIGURE = "gate.png"


def gate_section(gate: Path, truth: Scores, directory: Path) -> list[str]:
    """Return paragraphs about the gate; draw its figure if true scores are known.

    Args:
        gate: `gate.tsv` of `espnet_kd.bin.gate_references`.
        truth: scores of the pseudo-references against true images, by utterance; may be empty.
        directory: directory for the figure.
    """
    rows = _read(gate)
    mixture, reference = (np.array([row[i] for row in rows.values()]) for i in (0, 1))
    kept = sum(row[2] for row in rows.values())
    sections = [
        "CTC log likelihood per token of the transcript, by the clean-condition recognizer: median "
        f"{np.median(mixture):.2f} given the mixture, {np.median(reference):.2f} given the "
        f"pseudo-reference. The gate kept {kept} of {len(rows)} pseudo-references."
    ]
    both = [name for name in truth if name in rows and np.isfinite(rows[name][1])]
    if len(both) < 3:
        return sections
    likelihood = np.array([rows[name][1] for name in both])
    quality = np.array([truth[name]["si_snr"] for name in both])
    rank = spearmanr(likelihood, quality)
    save_scatter(directory / FIGURE, likelihood, quality)
    return [
        *sections,
        f"Its rank correlation (Spearman) with the true SI-SNR of {len(both)} pseudo-references is "
        f"{rank.statistic:.2f} (p = {rank.pvalue:.2g}).",
        f"![Log likelihood of the transcript and true SI-SNR]({FIGURE})",
    ]


def save_scatter(path: Path, likelihood: np.ndarray, quality: np.ndarray) -> None:
    """Draw true SI-SNR in dB (N,) over the log likelihood per token (N,)."""
    figure = Figure(figsize=(4.5, 3.4), layout="constrained")
    panel = figure.subplots()
    panel.scatter(likelihood, quality, s=12, color="#0072B2")
    panel.set_xlabel("log likelihood per token")
    panel.set_ylabel("true SI-SNR [dB]")
    panel.spines[["top", "right"]].set_visible(False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _read(path: Path) -> dict[str, tuple[float, float, bool]]:
    if not path.exists():
        raise UserError(path, "does not exist", "run stage 7 again")
    rows = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        name, mixture, reference, kept = line.split("\t")
        rows[name] = (float(mixture), float(reference), kept == "1")
    return rows
