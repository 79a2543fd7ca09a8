"""A dataclass as a mapping, for what is written out at once and needs no copy."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def shallow(record: "DataclassInstance") -> dict[str, Any]:
    """The fields by name, as they are: `dataclasses.asdict` copies deeply, which costs."""
    return {field.name: getattr(record, field.name) for field in fields(record)}
