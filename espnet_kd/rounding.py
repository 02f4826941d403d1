"""Round numbers for tables like NIST sclite."""

from __future__ import annotations

import math


def half_up(value: float, digits: int, sign: str = "") -> str:
    """Return a number with `digits` decimals, halves away from zero: 31.25 -> "31.3".

    Python's own format rounds halves to even digits ("31.2"). As in sclite, a percentage is
    `number / total * 100` in this order; 41 of 80 are then just below 51.25, and shown as 51.2.

    Args:
        value: number to show; "nan" and "inf" are shown as they are.
        digits: decimals.
        sign: "+" to show the sign of positive numbers too.
    """
    if math.isfinite(value):
        scale = 10**digits
        value = math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)
    return f"{value:{sign}.{digits}f}"


def percent(number: int, total: int) -> float:
    """Return a percentage as sclite computes it; 0 of 0 is 0."""
    return number / max(1, total) * 100
