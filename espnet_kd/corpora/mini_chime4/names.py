"""How CHiME-4 names utterances and folders."""

from __future__ import annotations


def name_of(item: dict) -> str:
    """Return the name of an annotated utterance, e.g. "F01_050C0101_BUS"."""
    return f"{item['speaker']}_{item['wsj_name']}_{item['environment']}"


def folder_of(name: str, environment: str) -> str:
    """Return the folder of a set's utterances: "dt05_bus_real" for "dt05_real" and "BUS"."""
    subset, _, condition = name.partition("_")
    if condition in ("bth", "org"):
        return name
    return f"{subset}_{environment.lower()}_{condition}"
