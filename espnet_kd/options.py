"""Values of command-line options that hold several fields."""

from __future__ import annotations

from espnet_kd.errors import UserError


def split_fields(option: str, text: str, form: str) -> list[str]:
    """Split the value of an option.

    Args:
        option: its name, for errors.
        text: the value, `baseline:exp/config.yaml`, say.
        form: names of the fields, `NAME:CONFIG`; there must be as many, none empty.

    Raises:
        UserError: the value has another form.
    """
    fields = text.split(":")
    if len(fields) != len(form.split(":")) or not all(fields):
        raise UserError(option, f"'{text}' is not {form}", "give all fields")
    return fields
