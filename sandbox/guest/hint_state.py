"""Hints about values of the module that the events of one batch share."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from .scopes import Bound

if TYPE_CHECKING:
    from .findings import Notes

_MAKERS: Final = frozenset(
    {"list", "dict", "set", "defaultdict", "OrderedDict", "Counter", "deque"}
)
_CHANGERS: Final = frozenset(
    {"append", "extend", "insert", "add", "update", "pop", "popitem", "remove", "discard", "clear",
     "setdefault", "appendleft", "extendleft", "popleft", "sort", "reverse", "subtract",
     "intersection_update", "difference_update", "symmetric_difference_update"}
)  # fmt: skip
_ADVICE: Final = "fine for a cache; what belongs to one event goes into the handler"


def look(tree: ast.Module, notes: Notes) -> None:
    """Add a hint for each value of the module that a run changes: the next event sees it."""
    mutable_names = _mutable_names(tree)
    import_functions = _run_at_import(tree)
    reported_names: set[str] = set()
    for function in ast.walk(tree):
        if (
            isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            and function not in import_functions
        ):
            _look_into(function, mutable_names, reported_names, notes)


def _look_into(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    mutable_names: set[str],
    reported_names: set[str],
    notes: Notes,
) -> None:
    scope = Bound(function)
    globals_of = [node.names for node in _own_nodes(function) if isinstance(node, ast.Global)]
    global_names = {name for names in globals_of for name in names}
    for node in _own_nodes(function):
        name = _changed(node, global_names)
        if (
            name in reported_names
            or name in scope.names
            or name not in mutable_names | global_names
        ):
            continue
        reported_names.add(name)
        message = f'events of one batch share "{name}": what this run changes, the next one sees'
        notes.add(node, "shared_state", message, _ADVICE)


def _own_nodes(function: ast.AST) -> list[ast.AST]:
    """The nodes of a function, without those of functions inside it."""
    nodes: list[ast.AST] = []
    waiting = list(getattr(function, "body", []))
    while waiting:
        node = waiting.pop(0)
        nodes.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting = [*ast.iter_child_nodes(node), *waiting]
    return nodes


def _changed(node: ast.AST, global_names: set[str]) -> str:
    """The name whose value this node changes; empty if it changes none."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
            return name if method in _CHANGERS else ""
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return name
        case ast.AugAssign(target=ast.Subscript(value=ast.Name(id=name))):
            return name
        case ast.AugAssign(target=ast.Name(id=name)) | ast.Name(id=name, ctx=ast.Store()):
            return name if name in global_names else ""
        case _:
            return ""


def _mutable_names(tree: ast.Module) -> set[str]:
    """The names that the module binds to a new list, dict or set."""
    names = set()
    for node in ast.walk(ast.Module(body=_top(tree), type_ignores=[])):
        if isinstance(node, ast.Assign) and _is_mutable(node.value):
            names |= {each.id for each in node.targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and node.value and _is_mutable(node.value):
            names |= {node.target.id} if isinstance(node.target, ast.Name) else set()
    return names


def _top(tree: ast.Module) -> list[ast.stmt]:
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node for node in tree.body if not isinstance(node, inner)]


def _is_mutable(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        function = value.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        return name in _MAKERS
    return isinstance(
        value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
    )


def _run_at_import(tree: ast.Module) -> set[ast.AST]:
    """The functions that decorate others, with those inside them: they run during the import."""
    names = set()
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", []):
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(target, ast.Name):
                names.add(target.id)
    once: set[ast.AST] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            # The innermost wrapper runs later, with the events. Only the functions around it run
            # during the import.
            once |= {node, *_decorators_inside(node)}
    return once


def _decorators_inside(function: ast.FunctionDef) -> set[ast.AST]:
    """The functions inside a decorator that take a function and do not call it."""
    inside: set[ast.AST] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef) and node is not function and len(node.args.args) == 1:
            parameter = node.args.args[0].arg
            calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
            if not any(isinstance(c.func, ast.Name) and c.func.id == parameter for c in calls):
                inside.add(node)
    return inside
