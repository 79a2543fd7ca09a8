"""Finds the names that a scope binds, by the rules of Python."""

from __future__ import annotations

import ast
from typing import Final

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_OWN_SCOPE: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Bound:
    """The names of one scope.

    Attributes:
        names: those that it binds.
        declared: those that it declares `global` or `nonlocal`.
        open: whether it has an `import *`, so that it may bind any name.
    """

    def __init__(self, scope: ast.AST) -> None:
        self.names: set[str] = set()
        self.declared: set[str] = set()
        self.open = False
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self.names |= _parameters(scope.args)
        self.names |= _type_parameters(scope)
        for child in _children(scope):
            self._look(child)
        self.names -= self.declared

    def _look(self, node: ast.AST) -> None:
        self._take(node)
        if isinstance(node, _OWN_SCOPE):
            for each in _evaluated_outside(node):
                self._look(each)
            return
        for child in ast.iter_child_nodes(node):
            self._look(child)

    def _take(self, node: ast.AST) -> None:
        if name := bound_by(node):
            self.names.add(name)
        elif isinstance(node, ast.alias):
            self.open |= node.name == "*"
            self.names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.Global | ast.Nonlocal):
            self.declared |= set(node.names)


def bound_by(node: ast.AST) -> str:
    """The name that this node binds; empty if it binds none, or is an import or a declaration."""
    match node:
        case (
            ast.Name(id=name, ctx=ast.Store() | ast.Del())
            | ast.FunctionDef(name=name)
            | ast.AsyncFunctionDef(name=name)
            | ast.ClassDef(name=name)
            | ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
            | ast.arg(arg=name)
        ):
            return name
        case _:
            return ""


def module_names(tree: ast.Module) -> Bound:
    """The names of the module, with those that its functions declare `global`."""
    scope = Bound(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            scope.names |= set(node.names)
    return scope


def _children(scope: ast.AST) -> list[ast.AST]:
    if isinstance(scope, ast.Lambda):
        return [scope.body]
    if isinstance(scope, Comprehension):
        return [generator.target for generator in scope.generators]
    return list(getattr(scope, "body", []))


def _evaluated_outside(node: ast.AST) -> list[ast.AST]:
    """The parts of a definition that the scope around it evaluates: decorators, defaults, bases."""
    nodes: list[ast.AST] = [*getattr(node, "decorator_list", [])]
    if isinstance(node, ast.ClassDef):
        nodes += [*node.bases, *node.keywords]
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        nodes += [*arguments.defaults, *(each for each in arguments.kw_defaults if each)]
    return nodes


def _parameters(arguments: ast.arguments) -> set[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [each for each in (arguments.vararg, arguments.kwarg) if each]
    return {each.arg for each in every}


def _type_parameters(scope: ast.AST) -> set[str]:
    return {each.name for each in getattr(scope, "type_params", [])}
