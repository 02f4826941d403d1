"""Utterance categories; ESPnet's batches hold a category as its index in this order."""

from __future__ import annotations

CATEGORIES = ("SIMU", "REAL", "CLEAN")
