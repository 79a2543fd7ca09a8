"""How a command fails: exit code 1 with a sentence and the next step; 2 for wrong usage."""

from collections.abc import Mapping
from typing import Any, Final

FAILED: Final = 1
USAGE: Final = 2


class CommandFailed(Exception):
    """The command could not do what was asked.

    Attributes:
        code: stable, the API's own where the API refused.
        message: one sentence; says what to do next where we know.
        details: more fields of the error for `--json`, such as `field` or `findings`.
    """

    exit_code = FAILED

    def __init__(
        self, message: str, *, code: str, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = dict(details or {})

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {"error": {"code": self.code, "message": self.message, **self.details}}


class WrongUsage(CommandFailed):
    """The command was called wrongly, or lacks a setting or a file."""

    exit_code = USAGE

    def __init__(self, message: str, *, code: str = "usage") -> None:
        super().__init__(message, code=code)
