"""Tables in the format of sclite, which ESPnet's scripts parse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from espnet_kd.rounding import half_up, percent
from espnet_kd.scoring.align import Counts, total

NUMBERS = ("Corr", "Sub", "Del", "Ins", "Err", "S.Err")


@dataclass(frozen=True)
class Row:
    """Sum of the errors of several utterances: one row of a table.

    Attributes:
        sentences: number of utterances.
        wrong_sentences: number of utterances with an error.
        counts: token counts, summed over the utterances.
    """

    sentences: int
    wrong_sentences: int
    counts: Counts

    @staticmethod
    def of(utterances: Iterable[Counts]) -> Row:
        """Add up the counts of utterances."""
        utterances = list(utterances)
        wrong = sum(counts.errors > 0 for counts in utterances)
        return Row(len(utterances), wrong, total(utterances))

    def numbers(self) -> tuple[int, ...]:
        """Return Corr, Sub, Del, Ins, Err in tokens and S.Err in sentences."""
        return (*self.counts, self.counts.errors, self.wrong_sentences)

    def percentages(self) -> tuple[str, ...]:
        """Return Corr, Sub, Del, Ins, Err in % of reference tokens, S.Err in % of sentences.

        Like sclite, with one decimal, halves up; without reference tokens, counts with a star.
        """
        *of_tokens, wrong = self.numbers()
        tokens = self.counts.tokens
        return (
            *(half_up(percent(n, tokens), 1) if tokens else f"{n}*" for n in of_tokens),
            half_up(percent(wrong, self.sentences), 1),
        )


def sclite_table(title: str, speakers: Mapping[str, Row]) -> str:
    """Return the two summary tables of sclite as text: first percentages, then counts.

    Args:
        title: name of the system.
        speakers: speaker -> row of the speaker.
    """
    everything = Row(
        sum(row.sentences for row in speakers.values()),
        sum(row.wrong_sentences for row in speakers.values()),
        total(row.counts for row in speakers.values()),
    )
    percentages = [(name, row, row.percentages()) for name, row in speakers.items()]
    percentages.append(("Sum/Avg", everything, everything.percentages()))
    numbers = [(name, row, row.numbers()) for name, row in speakers.items()]
    numbers.append(("Sum", everything, everything.numbers()))
    return "\n\n".join(
        (
            _table(f"SYSTEM SUMMARY PERCENTAGES by SPEAKER: {title}", percentages),
            _table(f"SYSTEM SUMMARY COUNTS by SPEAKER: {title}", numbers),
        )
    )


def _table(title: str, rows: Sequence[tuple[str, Row, tuple[object, ...]]]) -> str:
    width = max(7, *(len(name) for name, _, _ in rows))
    head = f"| {'SPKR':<{width}}| # Snt  # Wrd |" + "".join(f"{n:>8}" for n in NUMBERS) + " |"
    rule, double_rule = (f"|{sign * (len(head) - 2)}|" for sign in "-=")
    lines = [
        f"| {name:<{width}}|{row.sentences:>6} {row.counts.tokens:>6} |"
        + "".join(f"{value!s:>8}" for value in values)
        + " |"
        for name, row, values in rows
    ]
    return "\n".join((title, rule, head, rule, *lines[:-1], double_rule, lines[-1], rule))
