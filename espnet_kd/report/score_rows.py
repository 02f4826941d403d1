"""Find the scores of one system on a page of results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from espnet_kd.report.markdown import system_title

METRICS = {"pesq": "PESQ", "stoi": "STOI", "sdr": "SDR", "si_snr": "SI-SNR", "wer": "WER"}
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class ScoreTable:
    """Rows of one table of a page.

    Attributes:
        heading: the heading that it stands below.
        lines: header, rule and rows.
    """

    heading: str
    lines: tuple[str, ...]

    @property
    def metrics(self) -> list[str]:
        """The metrics that its heading and its columns name."""
        text = f"{self.heading} {self.lines[0]}"
        return [name for name, title in METRICS.items() if re.search(rf"\b{title}\b", text)]


def score_tables(page: str, system: str) -> list[ScoreTable]:
    """Return the tables that score a system with intervals, each with only its and the noisy row.

    Args:
        page: RESULTS.md or a page of the same form.
        system: name of the system, as in the experiment's directory: `student`.
    """
    shown = {system_title("noisy"), system_title(system)}
    found = []
    for match in TABLE.finditer(page):
        header, rule, *rows = match[0].splitlines() + ["", ""]
        kept = [row for row in rows if _name(row) in shown]
        if any(_name(row) == system_title(system) and "[" in row for row in kept):
            headings = HEADING.findall(page[: match.start()])
            found.append(ScoreTable(headings[-1] if headings else "", (header, rule, *kept)))
    return found


def _name(row: str) -> str:
    return row.strip("| ").partition("|")[0].strip()


def all_metrics(tables: list[ScoreTable]) -> list[str]:
    """Return the metrics of all tables, in the order of METRICS."""
    named = {name for table in tables for name in table.metrics}
    return [name for name in METRICS if name in named]


def sections(tables: list[ScoreTable], level: str = "###") -> Iterator[str]:
    """Yield Markdown blocks: each heading once, then its tables."""
    before = None
    for table in tables:
        if table.heading != before:
            yield f"{level} {table.heading}"
        before = table.heading
        yield "\n".join(table.lines)
