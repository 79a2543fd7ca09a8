"""What the check at publish says of a source that compiles: hints, and never a refusal.

They are about this interpreter and its modules, which is why they are made inside the component.
"""

from __future__ import annotations

import ast
import difflib

from . import hint_modules, hint_names, hint_state
from .calling import NAMES
from .findings import Finding, Notes
from .scopes import module_names

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORMS = "define handler(event), handler(event, context) or handler(event, profile, context)"
_MOST = 3


def hints(tree: ast.Module, source: str) -> list[Finding]:
    """Every hint about this source, by line."""
    notes = Notes(source)
    hint_names.look(tree, notes)
    hint_modules.look(tree, notes)
    hint_state.look(tree, notes)
    _look_at_handler(tree, notes)
    _look_at_namespaces(tree, notes)
    return notes.made + _hidden(source)


def no_handler(tree: ast.Module) -> Finding | None:
    """The error of a source that defines no handler, or None."""
    bound = module_names(tree)
    if bound.open or bound.names & set(NAMES):
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
        given = len(node.args.posonlyargs) + len(node.args.args)
        required = given - len(node.args.defaults)
        if node.decorator_list or node.args.vararg or node.args.kwonlyargs:
            continue
        if required > _MOST or given == 0:
            message = f"{node.name}() is called with one to three values, and takes {given}"
            notes.add(node, "handler_form", message, _FORMS)


def _look_at_namespaces(tree: ast.Module, notes: Notes) -> None:
    """Metaclasses that read annotations where Python 3.14 does not put them any more."""
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
    made = []
    for number, line in enumerate(source.splitlines(), start=1):
        column = next((at for at, letter in enumerate(line, start=1) if letter in _BIDI), 0)
        if column:
            message = "the line holds a character that hides the order of the others"
            hint = "remove it, or write it as \\u escape"
            made.append(Finding(number, column, "hidden_character", message, hint, "hint"))
    return made
