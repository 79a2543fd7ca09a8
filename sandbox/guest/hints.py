"""Makes hints about a source that compiles. A hint never refuses a source.

Hints are about this interpreter and its modules, so they are made inside the component.
"""

from __future__ import annotations

import ast
import difflib
from typing import Final

from . import hint_modules, hint_names, hint_state
from .calling import NAMES
from .capabilities import Finding
from .findings import Notes
from .scopes import module_names

_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORMS: Final = "define handler(event), handler(event, context) or handler(event, profile, context)"
_MOST: Final = 3


def hints(tree: ast.Module, source: str) -> list[Finding]:
    """Every hint about this source."""
    notes = Notes(source)
    hint_names.look(tree, notes)
    hint_modules.look(tree, notes)
    hint_state.look(tree, notes)
    _look_at_handler(tree, notes)
    _look_at_namespaces(tree, notes)
    return notes.findings + _hidden(source)


def no_handler(tree: ast.Module) -> Finding | None:
    """The error for a source that defines no handler; None if it may define one."""
    scope = module_names(tree)
    if scope.open or scope.names & set(NAMES):
        return None
    functions = [
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    close = difflib.get_close_matches("handler", functions, n=1)
    hint = f'{_FORMS}; is "{close[0]}" the one?' if close else _FORMS
    return Finding(0, 0, "no_handler", 'there is no "handler"', hint)


def _look_at_handler(tree: ast.Module, notes: Notes) -> None:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name not in NAMES:
            continue
        count = len(node.args.posonlyargs) + len(node.args.args)
        required_count = count - len(node.args.defaults)
        if node.decorator_list or node.args.vararg or node.args.kwonlyargs:
            continue
        if required_count > _MOST or count == 0:
            message = f"{node.name}() is called with one to three values, and takes {count}"
            notes.add(node, "handler_form", message, _FORMS)


def _look_at_namespaces(tree: ast.Module, notes: Notes) -> None:
    """Metaclasses that read annotations in a place where Python 3.14 no longer puts them."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Subscript(value=ast.Name(), slice=ast.Constant(value="__annotations__"))
                | ast.Call(
                    func=ast.Attribute(value=ast.Name(), attr="get" | "pop"),
                    args=[ast.Constant(value="__annotations__"), *_],
                )
            ):
                message = 'since Python 3.14 the namespace of a class body has no "__annotations__"'
                hint = "make the class first, and read its __annotations__"
                notes.add(node, "late_annotations", message, hint)
            case _:
                pass


def _hidden(source: str) -> list[Finding]:
    findings = []
    for number, line in enumerate(source.splitlines(), start=1):
        column = next((at for at, letter in enumerate(line, start=1) if letter in _BIDI), 0)
        if column:
            message = "the line holds a character that hides the order of the others"
            hint = "remove it, or write it as \\u escape"
            findings.append(Finding(number, column, "hidden_character", message, hint, "hint"))
    return findings
