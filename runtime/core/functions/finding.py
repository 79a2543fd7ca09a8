"""The findings: what the sandbox's check of a function's source answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

# A source has at most this many bytes, so no line or column number can be higher.
MAX_PLACE: Final = 64 * 1024


class Severity(StrEnum):
    """An error refuses the source; a hint refuses nothing."""

    ERROR = "error"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the check says about one place in a source."""

    line: int  # from 1; 0 for the whole source
    column: int  # from 1; 0 for the whole line
    code: str  # stable
    message: str  # what is wrong
    hint: str  # what to write instead; empty without advice
    severity: Severity

    def to_json(self) -> dict[str, Any]:
        """The finding as the API shows it."""
        return asdict(self)


def parse(raw: Mapping[str, Any]) -> Finding:
    """Read one finding of the sandbox's answer; unknown keys are ignored.

    Raises:
        KeyError: a key is missing.
        TypeError: `raw` is no mapping.
        ValueError: a line or column is out of range, or the severity is unknown.
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
