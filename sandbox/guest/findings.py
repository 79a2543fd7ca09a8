"""Findings of the check: what it says about a source."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check says about one place in a source."""

    # Counted from 1; 0 for a finding about the whole source.
    line: int
    # In characters, counted from 1; 0 for a finding about the whole line.
    column: int
    # The name of the kind of finding, for programs; it stays the same when the message changes.
    code: str
    # What is wrong, in words.
    message: str
    # What to write instead; empty if there is no advice.
    hint: str = ""
    # `error`: the source is refused. `hint`: it is not.
    severity: str = "error"

    def to_json(self) -> dict[str, Any]:
        """The finding as an object of the protocol."""
        return asdict(self)


class Notes:
    """Collects hints about the nodes of one source."""

    def __init__(self, source: str) -> None:
        self._lines = source.splitlines()
        self.findings: list[Finding] = []

    def add(self, node: ast.AST, code: str, message: str, hint: str = "") -> None:
        """Add a hint about this node."""
        line: int = getattr(node, "lineno", 0)
        column = self._column(line, getattr(node, "col_offset", 0))
        self.findings.append(Finding(line, column, code, message, hint, severity="hint"))

    def _column(self, line: int, offset_bytes: int) -> int:
        if not 0 < line <= len(self._lines):
            return 0
        return len(self._lines[line - 1].encode()[:offset_bytes].decode("utf-8", "replace")) + 1
