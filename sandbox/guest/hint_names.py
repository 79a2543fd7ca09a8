"""Hints about names that nothing in the source binds."""

# ruff: noqa: N802, N815 - ast dispatches by these names, which say what they visit
from __future__ import annotations

import ast
import builtins
import difflib
import importlib.util
import sys
from typing import TYPE_CHECKING, Final

from . import absent, guarded
from .scopes import Bound, Comprehension, module_names

if TYPE_CHECKING:
    from .findings import Notes

_CUTOFF: Final = 0.75
_BUILT_IN: Final = frozenset(dir(builtins)) | {
    "__file__",
    "__builtins__",
    "__class__",
    "__annotations__",
}
_WHERE_NAMES_LIVE: Final = (
    "penstock", "datetime", "decimal", "collections", "dataclasses", "enum", "typing", "functools",
    "itertools", "contextlib", "zoneinfo", "pathlib", "urllib.parse", "abc", "math", "statistics",
    "concurrent.futures",
)  # fmt: skip


def look(tree: ast.Module, notes: Notes) -> None:
    """Add a hint for each name that will raise NameError, at the first place that reads it."""
    module = module_names(tree)
    if module.open or _makes_globals(tree):
        return
    visitor = _Reader(module.names, notes)
    visitor.visit(tree)


def _makes_globals(tree: ast.Module) -> bool:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(
        isinstance(call.func, ast.Name) and call.func.id in {"globals", "exec"} for call in calls
    )


class _Reader(guarded.Visitor):
    """Reads every name in its scope, but not those in annotations, which are never evaluated."""

    def __init__(self, module: set[str], notes: Notes) -> None:
        super().__init__()
        self._module = module
        self._notes = notes
        self._scopes: list[set[str]] = []
        self._reported_names: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if (
            not isinstance(node.ctx, ast.Load)
            or node.id in self._reported_names
            or self._is_bound(node.id)
        ):
            return
        if self.catches({"NameError"}):
            return
        self._reported_names.add(node.id)
        message = f'the name "{node.id}" is not defined'
        self._notes.add(node, "unknown_name", message, self._advice(node.id))

    def _is_bound(self, name: str) -> bool:
        if name in self._module or name in _BUILT_IN or any(name in each for each in self._scopes):
            return True
        return name.startswith("__") and name.endswith("__")

    def _advice(self, name: str) -> str:
        if _can_be_imported(name):
            return f"import {name}"
        for module in _WHERE_NAMES_LIVE:
            if hasattr(sys.modules.get(module), name):
                return f"from {module} import {name}"
        if name in absent.MISSING:
            return absent.MISSING[name]
        candidates = self._module.union(_BUILT_IN, *self._scopes)
        close = difflib.get_close_matches(name, candidates, n=1, cutoff=_CUTOFF)
        return f'did you mean "{close[0]}"?' if close else ""

    def _inside(self, scope: ast.AST, children: list[ast.AST]) -> None:
        self._scopes.append(Bound(scope).names)
        for child in children:
            self.visit(child)
        self._scopes.pop()

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for each in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if each is not None:
                self.visit(each)
        with self.afresh():
            self._inside(node, list(node.body))

    visit_FunctionDef = visit_AsyncFunctionDef = _visit_function

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for each in (*node.args.defaults, *node.args.kw_defaults):
            if each is not None:
                self.visit(each)
        self._inside(node, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for each in node.decorator_list:
            self.visit(each)
        self._inside(node, [*node.bases, *node.keywords, *node.body])

    def _visit_comprehension(self, node: Comprehension) -> None:
        self._inside(node, list(ast.iter_child_nodes(node)))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        """Skip it: Python evaluates a type alias only when somebody reads its value."""


def _can_be_imported(name: str) -> bool:
    if name.startswith("_"):
        return False
    try:
        return importlib.util.find_spec(name) is not None and name in _known_modules()
    except (ImportError, ValueError):
        return False


def _known_modules() -> frozenset[str]:
    own = {
        "requests",
        "penstock",
        "dateutil",
        "pytz",
        "phonenumbers",
        "yaml",
        "jinja2",
        "xmltodict",
    }
    return sys.stdlib_module_names | own
