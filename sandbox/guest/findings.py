"""What the check at publish says of a source."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the check says, and what to write instead.

    Attributes:
        line: from 1; 0 where it is about the whole source.
        column: from 1, in characters; 0 where it is about the whole line.
        code: stable, for programs.
        message: what is so.
        hint: what to write instead.
        severity: `error` refuses the source, `hint` does not.
    """

    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"

    def to_json(self) -> dict[str, Any]:
        """As the protocol writes it."""
        return asdict(self)


class Notes:
    """Collects hints about the nodes of one source."""

    def __init__(self, source: str) -> None:
        self._lines = source.splitlines()
        self.made: list[Finding] = []

    def add(self, node: ast.AST, code: str, message: str, hint: str = "") -> None:
        """A hint about this node."""
        line: int = getattr(node, "lineno", 0)
        column = self._column(line, getattr(node, "col_offset", 0))
        self.made.append(Finding(line, column, code, message, hint, severity="hint"))

    def _column(self, line: int, offset_bytes: int) -> int:
        if not 0 < line <= len(self._lines):
            return 0
        return len(self._lines[line - 1].encode()[:offset_bytes].decode("utf-8", "replace")) + 1
