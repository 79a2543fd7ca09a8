"""Which names a piece of source binds, as Python's own scoping has it."""

from __future__ import annotations

import ast

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Bound:
    """The names that one scope binds, and those that it declares to be the module's."""

    def __init__(self, scope: ast.AST) -> None:
        self.names: set[str] = set()
        self.declared: set[str] = set()
        self.open = False  # from x import *: anything may be bound
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
    """The name that this node binds, unless it imports or declares it; else an empty text."""
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
    """What the module binds, also from inside functions that declare a name to be global."""
    bound = Bound(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            bound.names |= set(node.names)
    return bound


def _children(scope: ast.AST) -> list[ast.AST]:
    if isinstance(scope, ast.Lambda):
        return [scope.body]
    if isinstance(scope, Comprehension):
        return [generator.target for generator in scope.generators]
    return list(getattr(scope, "body", []))


def _evaluated_outside(node: ast.AST) -> list[ast.AST]:
    """What of a definition is evaluated where it stands: decorators, defaults, bases."""
    outside: list[ast.AST] = [*getattr(node, "decorator_list", [])]
    if isinstance(node, ast.ClassDef):
        outside += [*node.bases, *node.keywords]
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        outside += [*arguments.defaults, *(each for each in arguments.kw_defaults if each)]
    return outside


def _parameters(arguments: ast.arguments) -> set[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [each for each in (arguments.vararg, arguments.kwarg) if each]
    return {each.arg for each in every}


def _type_parameters(scope: ast.AST) -> set[str]:
    return {each.name for each in getattr(scope, "type_params", [])}
