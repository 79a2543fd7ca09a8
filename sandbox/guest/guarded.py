"""A visitor of syntax trees that knows which exceptions the code around a node catches.

Code inside a `try` may expect to fail, so it gets no hint.
"""

# ruff: noqa: D102 - ast dispatches by these names, which say what they visit
from __future__ import annotations

import ast
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EVERYTHING: Final = frozenset({"Exception", "BaseException"})


class Visitor(ast.NodeVisitor):
    """A visitor that keeps the names of the exceptions that handlers around it catch."""

    def __init__(self) -> None:
        self._handlers: list[frozenset[str]] = []

    def catches(self, names: set[str]) -> bool:
        """Whether the code around the node at hand catches one of these exceptions."""
        return any(names_caught & (names | _EVERYTHING) for names_caught in self._handlers)

    @contextmanager
    def afresh(self) -> Iterator[None]:
        """Forget what the code around catches, for a function's body: it runs elsewhere."""
        handlers_outside, self._handlers = self._handlers, []
        try:
            yield
        finally:
            self._handlers = handlers_outside

    def visit_Try(self, node: ast.Try) -> None:
        self._visit_try(node)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        self._visit_try(node)

    def _visit_try(self, node: ast.Try | ast.TryStar) -> None:
        self._handlers.append(frozenset().union(*map(_names_of, node.handlers)))
        self._visit_all(node.body)
        self._handlers.pop()
        self._visit_all([*node.handlers, *node.orelse, *node.finalbody])

    def _visit_all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def visit_With(self, node: ast.With) -> None:
        names_suppressed = frozenset[str]()
        for item in node.items:
            self.visit(item)
            names_suppressed |= _suppressed(item.context_expr)
        self._handlers.append(names_suppressed)
        self._visit_all(node.body)
        self._handlers.pop()

    def visit_If(self, node: ast.If) -> None:
        if _last_name(node.test) == "TYPE_CHECKING":
            self._visit_all(node.orelse)
            return
        self.generic_visit(node)


def _names_of(handler: ast.ExceptHandler) -> frozenset[str]:
    if handler.type is None:
        return _EVERYTHING
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return frozenset(_last_name(kind) for kind in kinds)


def _suppressed(expression: ast.expr) -> frozenset[str]:
    if isinstance(expression, ast.Call) and _last_name(expression.func) == "suppress":
        return frozenset(_last_name(each) for each in expression.args)
    return frozenset()


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
