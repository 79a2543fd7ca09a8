"""Findings of the check: what it says about a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .capabilities import Finding

if TYPE_CHECKING:
    import ast


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
