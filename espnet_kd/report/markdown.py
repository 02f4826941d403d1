"""Markdown tables and cells, and readable names of systems and sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from espnet_kd.corpora.chime4.utterances import TRACK
from espnet_kd.rounding import half_up
from espnet_kd.scoring.bootstrap import Interval

GAP = "–"
SYSTEM_TITLES = {
    "noisy": "Noisy input",
    "baseline": "Baseline",
    "baseline_oa": "Baseline + OA",
    "baseline_continued": "Baseline continued (control)",
    "baseline_continued_oa": "Baseline continued (control) + OA",
    "teacher": "Text-informed teacher",
    "teacher_wrong_text": "Teacher, exchanged transcripts (control)",
    "teacher_no_text": "Teacher without text (control)",
    "student": "Student",
    "student_oa": "Student + OA",
    "pseudo_reference": "Teacher's pseudo-reference",
    "clean": "Clean speech",
    "none": "no KD",
    "output": "output KD",
    "frame_sequence": "frame + sequence KD",
    "frame_sequence_asr": "frame KD with ASR posteriors",
    "frame_sequence_asr_calibrated": "frame KD with ASR posteriors, calibrated",
    "frame_sequence_ctc": "frame + sequence KD with ASR hypotheses",
    "acoustic_token": "acoustic-token KD",
    "cosine": "cosine KD",
    "two_step": "two-step KD",
    "latent_mixup": "latent-mixup KD",
    "dccrn_none": "no KD (DCCRN)",
    "dccrn_output": "output KD (DCCRN)",
    "dccrn_at": "attention without KL (DCCRN)",
    "dccrn_kl": "KL without attention (DCCRN)",
    "at_kl": "AT-KL (DCCRN)",
    "at_kl_tasnet": "AT-KL (Conv-TasNet)",
    "dfkd": "DFKD",
    "dispatch": "DISPatch",
    "clskd": "CLSKD",
    "clskd_dccrn": "CLSKD (DCCRN)",
    "remixit": "RemixIT",
    "remixit_ema": "RemixIT, teacher follows",
    "text_informed": "text-informed KD",
}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is left-aligned, the others right-aligned."""
    rule = ["---", *["--:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def interval_cell(interval: Interval, digits: int) -> str:
    """Format a value with its interval, as in `11.97 [11.80, 12.14]`."""
    value, low, high = (half_up(x, digits) for x in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"


def difference_cell(interval: Interval, digits: int) -> str:
    """Format a difference with its interval, as in `+0.83 [+0.70, +0.95]`."""
    value, low, high = (
        half_up(x, digits, "+") for x in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"


def system_title(system: str) -> str:
    """Return the readable name of a system."""
    return SYSTEM_TITLES.get(system, system.replace("_", " "))


def set_title(name: str) -> str:
    """Return the readable name of a set: `dt05_simu_isolated_1ch_track` -> `dt05 simu`."""
    return name.removesuffix(f"_{TRACK}").replace("_", " ")


def in_order(systems: Iterable[str]) -> list[str]:
    """Sort systems: known ones in the order of the paper's tables, then others by name."""
    known = list(SYSTEM_TITLES)
    return sorted(systems, key=lambda name: (known.index(name) if name in known else 99, name))
