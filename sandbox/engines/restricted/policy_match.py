"""match statements: which patterns user code may write, and how they are rewritten.

Patterns of values, sequences and mappings are allowed. A class pattern would read attributes
without the guard, so only a few built-in classes may stand in one.
"""
# ruff: noqa: D102 - ast dispatches by these names, which say what they visit

from __future__ import annotations

import ast
from typing import Any

from sandbox.engines.restricted.lowering import assign, copy_place, statements
from sandbox.engines.restricted.names import CLASS_PATTERNS


class MatchPolicy(ast.NodeTransformer):
    """The part of the policy for match statements."""

    _matches = 0

    def refuse(self, node: ast.AST, code: str, *, message: str, hint: str = "") -> None:
        """Record one finding at this node."""
        raise NotImplementedError

    def not_allowed(self, node: ast.AST) -> None:
        """Record that this node is not part of the language."""
        raise NotImplementedError

    def check_name(self, node: Any, name: str | None) -> None:
        """Record a finding if user code may not bind this name."""
        raise NotImplementedError

    def visit_Match(self, node: ast.Match) -> Any:
        values: list[ast.keyword] = []
        name = f"_match_{self._matches}_"
        self._matches += 1
        for case in node.cases:
            case.pattern = self._pattern(case.pattern, name=name, values=values)
            case.guard = self.visit(case.guard) if case.guard else None
            case.body = statements(self, case.body)
        node.subject = self.visit(node.subject)
        if not values:
            return node
        # Python's grammar allows no call in a pattern, so the guard cannot stand there. A statement
        # before the match reads the dotted values by the guard into a plain object, and the
        # patterns read them from there.
        holder = ast.Call(func=ast.Name("_values_", ast.Load()), args=[], keywords=values)
        return [assign(node, name, holder), node]

    def _pattern(self, pattern: Any, *, name: str, values: list[ast.keyword]) -> Any:
        if isinstance(pattern, ast.MatchClass):
            return self._class_pattern(pattern, name=name, values=values)
        if isinstance(pattern, ast.MatchValue):
            pattern.value = self._pattern_value(pattern.value, name=name, values=values)
        elif isinstance(pattern, ast.MatchMapping):
            keys = [self._pattern_value(key, name=name, values=values) for key in pattern.keys]
            pattern.keys = keys
            self.check_name(pattern, pattern.rest)
        elif isinstance(pattern, ast.MatchAs | ast.MatchStar):
            self.check_name(pattern, pattern.name)
        elif not isinstance(pattern, ast.MatchSingleton | ast.MatchSequence | ast.MatchOr):
            self.not_allowed(pattern)
        for inner in getattr(pattern, "patterns", []):
            self._pattern(inner, name=name, values=values)
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
            self._pattern(pattern.pattern, name=name, values=values)
        return pattern

    def _pattern_value(self, value: Any, *, name: str, values: list[ast.keyword]) -> Any:
        if not isinstance(value, ast.Attribute):
            return self.visit(value)
        slot = f"v{len(values)}"
        values.append(ast.keyword(arg=slot, value=self.visit(value)))
        return copy_place(ast.Attribute(ast.Name(name, ast.Load()), slot, ast.Load()), value)

    def _class_pattern(self, pattern: ast.MatchClass, *, name: str, values: Any) -> Any:
        is_allowed_class = isinstance(pattern.cls, ast.Name) and pattern.cls.id in CLASS_PATTERNS
        if not is_allowed_class or pattern.kwd_attrs or len(pattern.patterns) > 1:
            message = "a class pattern reads attributes by itself"
            hint = (
                "match on values, sequences, mappings, or str() int() float() bool() list() dict()"
            )
            self.refuse(pattern, "syntax_not_allowed", message=message, hint=hint)
            return pattern
        for inner in pattern.patterns:
            self._pattern(inner, name=name, values=values)
        return pattern
