"""Small makers of syntax trees for the policy."""

from __future__ import annotations

import ast
from typing import Any


def copy_place(new: Any, old: ast.AST) -> Any:
    """The new node, at the place of the old one."""
    return ast.fix_missing_locations(ast.copy_location(new, old))


def call(name: str, *args: ast.expr) -> ast.Call:
    """A call of one of the guards."""
    return ast.Call(func=ast.Name(name, ast.Load()), args=list(args), keywords=[])


def statements(policy: ast.NodeTransformer, body: list[ast.stmt]) -> list[ast.stmt]:
    """The body as the policy rewrites it; never empty."""
    out: list[ast.stmt] = []
    for statement in body:
        found = policy.visit(statement)
        kept = found if isinstance(found, list) else [found]
        out.extend(item for item in kept if item is not None)
    return out or [ast.Pass()]


def assign(node: ast.AST, name: str, value: ast.expr) -> ast.stmt:
    """An assignment at the place of the node."""
    made: ast.stmt = copy_place(
        ast.Assign(targets=[ast.Name(name, ast.Store())], value=value), node
    )
    return made
