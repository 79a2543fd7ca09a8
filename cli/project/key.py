"""A key of a table in a project's file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

REQUIRED: Final = "required"
# What stands for a secret: the name of a variable of the environment that holds it.
FROM_ENVIRONMENT: Final = '{ env = "NAME" }'


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a table."""

    name: str
    kind: str  # its type, with the unit of a number
    left_out: str  # what holds where the file does not have it; `required`: it has to be there
    meaning: str


def names(table: Sequence[Key]) -> list[str]:
    """The names of a table's keys, in the order of the page."""
    return [key.name for key in table]
