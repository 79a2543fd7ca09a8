"""Hints about missing modules, about missing members, and about calls that cannot work here."""

# ruff: noqa: N802, N815 - ast dispatches by these names, which say what they visit
from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
from collections import Counter
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from . import absent, guarded, scopes

if TYPE_CHECKING:
    from .findings import Notes

_CUTOFF: Final = 0.65
_LONG_S: Final = 1.0
_NO_FILES: Final = (
    "there are no files here: take data from the event, or fetch it with context.http"
)
_NO_PROCESSES: Final = "there are no other processes here"
_NO_THREADS: Final = "there are no threads here: call one after another, or use asyncio"
_NO_SOCKETS: Final = "there are no sockets here: use requests, urllib.request or context.http"
_NO_TERMINAL: Final = "there is no terminal: take data from the event"
_NOT_POSSIBLE: Final = {
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
    """Add hints about imports, members and calls."""
    visitor = _Reader(tree, notes)
    visitor.visit(tree)


class _Reader(guarded.Visitor):
    def __init__(self, tree: ast.Module, notes: Notes) -> None:
        super().__init__()
        self._notes = notes
        self._probed_members = _asked_for(tree)
        self._modules_by_name = _imported_names(
            tree
        )  # by name, what it stands for: such as datetime.datetime
        self._bound_names = {scopes.bound_by(node) for node in ast.walk(tree)}  # in any scope
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
        """Whether the module exists; if not, a hint says so."""
        if _is_there(name):
            return True
        if not self.catches({"ImportError", "ModuleNotFoundError"}):
            message = f'the module "{name}" is not there'
            self._notes.add(node, "module_missing", message, absent.hint_for(name))
        return False

    def _check_member(self, node: ast.AST, owner: Any, name: str, member: str) -> bool:
        """Whether the owner has this member; if not, a hint says so."""
        if member in self._probed_members or _has(owner, member):
            return True
        if isinstance(owner, ModuleType) and _is_there(f"{name}.{member}"):
            return True
        kind = "module" if isinstance(owner, ModuleType) else "class"
        message = f'the {kind} "{name}" has no "{member}"'
        hint = absent.MISSING.get(f"{name}.{member}", "")
        other_members = [
            each for each in dir(owner) if each != member
        ]  # dir() may list what is missing
        close = difflib.get_close_matches(member, other_members, n=1, cutoff=_CUTOFF)
        if not hint and close:
            hint = f'did you mean "{close[0]}"?'
        self._notes.add(node, "member_missing", message, hint)
        return False

    # Members and calls

    def visit_Attribute(self, node: ast.Attribute) -> None:
        full_name = _dotted(node)
        root = full_name.partition(".")[0]
        if not full_name or root not in self._modules_by_name or not isinstance(node.ctx, ast.Load):
            self.generic_visit(node)
            return
        if self.catches({"AttributeError"}):
            return
        self._follow(node, self._modules_by_name[root], full_name.split(".")[1:])

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
        function_name = self._called(node.func)
        if function_name in _NOT_POSSIBLE and not self.catches({"OSError", "RuntimeError"}):
            message = f"{function_name}() cannot work here"
            self._notes.add(node, "not_possible", message, _NOT_POSSIBLE[function_name])
        elif function_name == "time.sleep":
            self._check_sleep(node)
        self.generic_visit(node)

    def _called(self, function: ast.expr) -> str:
        full_name = _dotted(function)
        root, _, members = full_name.partition(".")
        if root in self._modules_by_name:
            return (
                f"{self._modules_by_name[root]}.{members}"
                if members
                else self._modules_by_name[root]
            )
        return full_name if full_name and not members and root not in self._bound_names else ""

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
    """The members that the source sets, or looks for with hasattr() or getattr()."""
    members = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="hasattr" | "getattr" | "setattr"),
                args=[_, ast.Constant(value=str(name)), *_],
            ):
                members.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                members.add(name)
            case _:
                pass
    return members


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """The names that exactly one import binds and nothing else, with what they stand for."""
    modules: dict[str, str] = {}
    bindings = Counter[str]()
    for node in ast.walk(tree):
        for name, of in _imports_of(node):
            modules[name] = of
            bindings[name] += 1
        if name := scopes.bound_by(node):
            bindings[name] += 2
    return {name: of for name, of in modules.items() if bindings[name] == 1}


def _imports_of(node: ast.AST) -> list[tuple[str, str]]:
    """The names that this import binds, with what they stand for."""
    if isinstance(node, ast.Import):
        renamed_imports = [(each.asname, each.name) for each in node.names if each.asname]
        tops = {each.name.partition(".")[0] for each in node.names if not each.asname}
        return [*renamed_imports, *((top, top) for top in tops)]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [(each.asname or each.name, f"{node.module}.{each.name}") for each in node.names]
    return []


def _has(owner: Any, member: str) -> bool:
    try:
        return hasattr(owner, member)
    except ImportError:  # the module imports this member when it is read, and that fails
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


def _object(full_name: str) -> Any:
    module = _module(full_name)
    if module is not None:
        return module
    owner, _, member = full_name.rpartition(".")
    return getattr(_module(owner), member, None) if owner else None
