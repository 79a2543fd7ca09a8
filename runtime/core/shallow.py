"""Makes a mapping of a dataclass without copying its values."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def shallow(record: "DataclassInstance") -> dict[str, Any]:
    """The values of a record by field name, not copied.

    `dataclasses.asdict` copies deeply, which costs time that a record written out at once does not
    need.
    """
    return {field.name: getattr(record, field.name) for field in fields(record)}
