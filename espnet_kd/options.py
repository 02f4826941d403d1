"""Split values of command-line options that hold several fields."""

from __future__ import annotations

import re

from espnet_kd.errors import UserError

NAMES = ("NAME", "SYSTEM", "CATEGORY", "PART")  # fields that are not paths, in all forms


def split_fields(option: str, text: str, form: str) -> list[str]:
    r"""Split the value of an option.

    A colon in a field is written `\:`. This is not needed where only the last field is a path.

    Args:
        option: name of the option, for error messages.
        text: its value, for example `baseline:exp/config.yaml`.
        form: names of the fields, for example `NAME:CONFIG`; `text` must have as many fields, and
            none may be empty.

    Raises:
        UserError: the value does not have this form.
    """
    names = form.split(":")
    one_path = all(name in NAMES for name in names[:-1])
    fields = re.split(r"(?<!\\):", text, maxsplit=len(names) - 1 if one_path else 0)
    if len(fields) != len(names) or not all(fields):
        fix = r"write a colon in a path as '\:'" if len(fields) > len(names) else "give all fields"
        raise UserError(option, f"'{text}' is not {form}", fix)
    return [field.replace("\\:", ":") for field in fields]
