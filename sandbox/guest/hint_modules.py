"""Modules that are not there, members that they do not have, and calls that cannot work here."""

# ruff: noqa: N802, N815 - ast dispatches by these names, which say what they visit
from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
from collections import Counter
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import absent, guarded, scopes

if TYPE_CHECKING:
    from .findings import Notes

_CUTOFF = 0.65
_LONG_S = 1.0
_NO_FILES = "there are no files here: take data from the event, or fetch it with context.http"
_NO_PROCESSES = "there are no other processes here"
_NO_THREADS = "there are no threads here: call one after another, or use asyncio"
_NO_SOCKETS = "there are no sockets here: use requests, urllib.request or context.http"
_NO_TERMINAL = "there is no terminal: take data from the event"
_NOT_POSSIBLE = {
    "open": _NO_FILES, "io.open": _NO_FILES, "os.open": _NO_FILES, "os.listdir": _NO_FILES,
    "os.makedirs": _NO_FILES, "os.mkdir": _NO_FILES, "tempfile.NamedTemporaryFile": _NO_FILES,
    "tempfile.TemporaryDirectory": _NO_FILES, "tempfile.mkdtemp": _NO_FILES,
    "tempfile.mkstemp": _NO_FILES, "logging.FileHandler": "print() and logging go to the run's log",
    "subprocess.run": _NO_PROCESSES, "subprocess.Popen": _NO_PROCESSES,
    "subprocess.call": _NO_PROCESSES, "subprocess.check_output": _NO_PROCESSES,
    "subprocess.check_call": _NO_PROCESSES, "os.system": _NO_PROCESSES, "os.popen": _NO_PROCESSES,
    "os.fork": _NO_PROCESSES, "threading.Thread": _NO_THREADS, "threading.Timer": _NO_THREADS,
    "socket.socket": _NO_SOCKETS, "socket.create_connection": _NO_SOCKETS,
    "smtplib.SMTP": _NO_SOCKETS, "smtplib.SMTP_SSL": _NO_SOCKETS,
    "input": _NO_TERMINAL, "getpass.getpass": _NO_TERMINAL, "breakpoint": _NO_TERMINAL,
}  # fmt: skip


def look(tree: ast.Module, notes: Notes) -> None:
    """Hints about imports, members and calls."""
    visitor = _Reader(tree, notes)
    visitor.visit(tree)


class _Reader(guarded.Visitor):
    def __init__(self, tree: ast.Module, notes: Notes) -> None:
        super().__init__()
        self._notes = notes
        self._asked = _asked_for(tree)
        self._meant = _imported_names(tree)  # what a name stands for, such as datetime.datetime
        self._bound = {scopes.bound_by(node) for node in ast.walk(tree)}  # in whatever scope
        self._in_async = False

    # Imports

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._check_module(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            hint = "a function is one file: put the code into it"
            self._notes.add(node, "module_missing", "there is no package to import from", hint)
            return
        name = node.module or ""
        if name == "__future__" or not self._check_module(node, name):
            return
        module = _module(name)
        if module is None:
            return
        for alias in node.names:
            if alias.name != "*" and not self.catches({"ImportError"}):
                self._check_member(node, module, name, alias.name)

    def _check_module(self, node: ast.AST, name: str) -> bool:
        """True where the module is there."""
        if _is_there(name):
            return True
        if not self.catches({"ImportError", "ModuleNotFoundError"}):
            message = f'the module "{name}" is not there'
            self._notes.add(node, "module_missing", message, absent.hint_for(name))
        return False

    def _check_member(self, node: ast.AST, owner: Any, name: str, member: str) -> bool:
        """True where the owner has it."""
        if member in self._asked or _has(owner, member):
            return True
        if isinstance(owner, ModuleType) and _is_there(f"{name}.{member}"):
            return True
        kind = "module" if isinstance(owner, ModuleType) else "class"
        message = f'the {kind} "{name}" has no "{member}"'
        hint = absent.MISSING.get(f"{name}.{member}", "")
        others = [each for each in dir(owner) if each != member]  # it may list what it has not
        close = difflib.get_close_matches(member, others, n=1, cutoff=_CUTOFF)
        if not hint and close:
            hint = f'did you mean "{close[0]}"?'
        self._notes.add(node, "member_missing", message, hint)
        return False

    # Members and calls

    def visit_Attribute(self, node: ast.Attribute) -> None:
        dotted = _dotted(node)
        root = dotted.partition(".")[0]
        if not dotted or root not in self._meant or not isinstance(node.ctx, ast.Load):
            self.generic_visit(node)
            return
        if self.catches({"AttributeError"}):
            return
        self._follow(node, self._meant[root], dotted.split(".")[1:])

    def _follow(self, node: ast.AST, name: str, members: list[str]) -> None:
        owner = _object(name)
        for member in members:
            if not isinstance(owner, ModuleType | type):
                return
            if not self._check_member(node, owner, name, member):
                return
            name = f"{name}.{member}"
            owner = getattr(owner, member, None) or _module(name)

    def visit_Call(self, node: ast.Call) -> None:
        called = self._called(node.func)
        if called in _NOT_POSSIBLE and not self.catches({"OSError", "RuntimeError"}):
            message = f"{called}() cannot work here"
            self._notes.add(node, "not_possible", message, _NOT_POSSIBLE[called])
        elif called == "time.sleep":
            self._check_sleep(node)
        self.generic_visit(node)

    def _called(self, function: ast.expr) -> str:
        dotted = _dotted(function)
        root, _, rest = dotted.partition(".")
        if root in self._meant:
            return f"{self._meant[root]}.{rest}" if rest else self._meant[root]
        return dotted if dotted and not rest and root not in self._bound else ""

    def _check_sleep(self, node: ast.Call) -> None:
        if self._in_async:
            hint = "await asyncio.sleep(...)"
            self._notes.add(node, "blocking_call", "time.sleep() holds up every other task", hint)
            return
        seconds = node.args[0] if node.args else None
        length_s = seconds.value if isinstance(seconds, ast.Constant) else None
        if isinstance(length_s, int | float) and length_s > _LONG_S:
            message = f"the run waits {length_s:g} s of its time, and the events behind it as well"
            hint = "raise penstock.RetryError to have the event run again later"
            self._notes.add(node, "long_wait", message, hint)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        before, self._in_async = self._in_async, isinstance(node, ast.AsyncFunctionDef)
        with self.afresh():
            self.generic_visit(node)
        self._in_async = before

    visit_FunctionDef = visit_AsyncFunctionDef = _visit_function


def _asked_for(tree: ast.Module) -> set[str]:
    """Members that the source asks for before it uses them, or sets itself."""
    asked = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="hasattr" | "getattr" | "setattr"),
                args=[_, ast.Constant(value=str(name)), *_],
            ):
                asked.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                asked.add(name)
            case _:
                pass
    return asked


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """Names that one import alone binds, wherever it stands, and what they stand for."""
    meant: dict[str, str] = {}
    bound = Counter[str]()
    for node in ast.walk(tree):
        for name, of in _imports_of(node):
            meant[name] = of
            bound[name] += 1
        if name := scopes.bound_by(node):
            bound[name] += 2
    return {name: of for name, of in meant.items() if bound[name] == 1}


def _imports_of(node: ast.AST) -> list[tuple[str, str]]:
    """Each name that this import binds, with what it stands for."""
    if isinstance(node, ast.Import):
        whole = [(each.asname, each.name) for each in node.names if each.asname]
        tops = {each.name.partition(".")[0] for each in node.names if not each.asname}
        return [*whole, *((top, top) for top in tops)]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [(each.asname or each.name, f"{node.module}.{each.name}") for each in node.names]
    return []


def _has(owner: Any, member: str) -> bool:
    try:
        return hasattr(owner, member)
    except ImportError:  # a member that is imported when it is asked for, and is not there
        return False


def _dotted(node: ast.AST) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _module(name: str) -> ModuleType | None:
    if not _is_there(name):
        return None
    try:
        return importlib.import_module(name)
    except Exception:  # noqa: BLE001 - a module that cannot be imported gives no hints
        return None


def _object(dotted: str) -> Any:
    module = _module(dotted)
    if module is not None:
        return module
    owner, _, member = dotted.rpartition(".")
    return getattr(_module(owner), member, None) if owner else None
