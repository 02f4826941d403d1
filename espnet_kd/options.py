"""Split values of command-line options that hold several fields."""

from __future__ import annotations

from espnet_kd.errors import UserError


def split_fields(option: str, text: str, form: str) -> list[str]:
    """Split the value of an option.

    Args:
        option: name of the option, for error messages.
        text: its value, for example `baseline:exp/config.yaml`.
        form: names of the fields, for example `NAME:CONFIG`; `text` must have as many fields, and
            none may be empty.

    Raises:
        UserError: the value does not have this form.
    """
    fields = text.split(":")
    if len(fields) != len(form.split(":")) or not all(fields):
        raise UserError(option, f"'{text}' is not {form}", "give all fields")
    return fields
