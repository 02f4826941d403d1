"""The kinds of utterances; the order is the index ESPnet carries in a batch."""

from __future__ import annotations

CATEGORIES = ("SIMU", "REAL", "CLEAN")
