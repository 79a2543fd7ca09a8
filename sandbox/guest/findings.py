"""What the check at publish says of a source."""

from __future__ import annotations

import ast
from dataclasses import asdict, dataclass
from typing import Any


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


def hints(tree, source):
    return []


def binds(tree: ast.Module, names: tuple[str, ...]) -> bool:
    """True where the module may bind one of these names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name in names:
                return True
        elif isinstance(node, ast.Name):
            if node.id in names and not isinstance(node.ctx, ast.Load):
                return True
        elif isinstance(node, ast.alias) and (node.asname or node.name) in (*names, "*"):
            return True
    return False
