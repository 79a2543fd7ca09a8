"""Makes small syntax trees for the policy."""

from __future__ import annotations

import ast
from typing import Any


def copy_place(node: Any, place: ast.AST) -> Any:
    """The node, with the line and column of `place`."""
    return ast.fix_missing_locations(ast.copy_location(node, place))


def call(name: str, *args: ast.expr) -> ast.Call:
    """A call of the guard with this name."""
    return ast.Call(func=ast.Name(name, ast.Load()), args=list(args), keywords=[])


def statements(policy: ast.NodeTransformer, body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a body as the policy rewrites them; at least a `pass`."""
    rewritten_body: list[ast.stmt] = []
    for statement in body:
        result = policy.visit(statement)
        nodes = result if isinstance(result, list) else [result]
        rewritten_body.extend(node for node in nodes if node is not None)
    return rewritten_body or [ast.Pass()]


def assign(node: ast.AST, name: str, value: ast.expr) -> ast.stmt:
    """An assignment to `name`, with the line and column of `node`."""
    assignment: ast.stmt = copy_place(
        ast.Assign(targets=[ast.Name(name, ast.Store())], value=value), node
    )
    return assignment
