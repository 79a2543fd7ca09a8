"""What the sandbox's check has to say about a source."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

MAX_PLACE: Final = 64 * 1024  # a source has as many bytes: no line or column has a higher number


class Severity(StrEnum):
    """Closed set: for an error the source is refused, with a hint it is published all the same."""

    ERROR = "error"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place of a source, what is to be said of it, and what to write instead.

    `line` and `column` count from 1; 0 means the whole source, or the whole line.
    """

    line: int
    column: int
    code: str
    message: str
    hint: str
    severity: Severity

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return asdict(self)


def parse(raw: Mapping[str, Any]) -> Finding:
    """A finding as the sandbox answers it; what it says beside that is left out.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    return Finding(
        line=_place(raw["line"]),
        column=_place(raw["column"]),
        code=str(raw["code"]),
        message=str(raw["message"]),
        hint=str(raw["hint"]),
        severity=Severity(raw["severity"]),
    )


def _place(number: object) -> int:
    if not isinstance(number, int) or not 0 <= number <= MAX_PLACE:
        raise ValueError("a line or a column is a whole number within the source")
    return number
