"""Makes the globals of user code: the listed built-ins, the guards, and the imports by table."""

from __future__ import annotations

import builtins
import functools
import hmac
import zoneinfo
from typing import TYPE_CHECKING, Any, Final

from sandbox.engines.restricted import (
    attributes,
    classes,
    errors,
    guards,
    hashes,
    kinds,
    shown,
)
from sandbox.engines.restricted.facades import FACADES, MODULES
from sandbox.sdk.context import QuotaExceeded, log

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN: Final = (
    "abs all any bin bool bytes callable chr complex dict divmod enumerate filter float "
    "frozenset hex int isinstance issubclass iter len list map max min next oct ord pow "
    "range reversed round set slice sorted str sum tuple zip object property staticmethod "
    "classmethod super True False None NotImplemented Ellipsis"
)
_ERRORS: Final = (
    "Exception ArithmeticError AssertionError AttributeError BufferError EOFError "
    "FloatingPointError ImportError IndexError KeyError LookupError MemoryError "
    "ModuleNotFoundError NameError NotImplementedError OSError OverflowError RecursionError "
    "ReferenceError RuntimeError StopIteration SyntaxError IndentationError TabError SystemError "
    "TimeoutError ConnectionError ConnectionAbortedError ConnectionRefusedError "
    "ConnectionResetError BrokenPipeError BlockingIOError ChildProcessError FileExistsError "
    "FileNotFoundError InterruptedError IsADirectoryError NotADirectoryError PermissionError "
    "ProcessLookupError IOError EnvironmentError TypeError UnboundLocalError UnicodeDecodeError "
    "UnicodeEncodeError UnicodeTranslateError UnicodeError ValueError ZeroDivisionError Warning "
    "BytesWarning DeprecationWarning FutureWarning ImportWarning PendingDeprecationWarning "
    "ResourceWarning RuntimeWarning SyntaxWarning UnicodeWarning UserWarning"
)

# C code of the standard library imports these through the builtins of its caller, and then reads
# sys.modules itself. User code never comes here: its import statements become calls of `_import`.
_INTERNAL: Final = frozenset({"time", "_strptime", "datetime", "decimal", "re", "unicodedata"})


def _print(*values: Any, sep: str | None = " ", **options: Any) -> None:
    for name in options:
        if name not in {"end", "flush"}:
            raise TypeError(f"print() takes no '{name}' here: it writes to the run's log")
    if sep is not None and type(sep) is not str:
        raise TypeError("print(): sep is plain text, not a class of yours")
    texts = [value if type(value) is str else shown.text(value) for value in values]
    log((" " if sep is None else sep).join(texts), {})


def _type(value: Any, *others: Any) -> Any:
    if others:
        raise TypeError("type() takes one argument here: write a class statement")
    kind = type(value)
    if kind in _SHOWN_TYPES or kind in kinds.OWN or _is_shown_error(kind):
        return errors.shown_class(kind)
    raise TypeError("type() of this is not available: use isinstance(x, ...)")


def _is_shown_error(kind: type) -> bool:
    return issubclass(kind, Exception) and kind.__module__ == "builtins"


# User code may call a class that it holds. These would read files, or call and read any object.
_NOT_TO_BE_CALLED: Final = {
    zoneinfo.ZoneInfo,
    hmac.HMAC,
    type(functools.lru_cache(lambda: None)),
}
_PUBLISHED: Final = {
    member for members in MODULES.values() for member in members.values() if type(member) is type
}
_SHOWN_TYPES: Final = {type(None)} | {
    kind
    for kind in attributes.INSTANCE
    if kind not in _NOT_TO_BE_CALLED
    and (kind in _PUBLISHED or not kind.__module__.startswith("sandbox."))
}


def _import(name: str, full_name: str) -> Any:
    """The facade of module `name`.

    `full_name` is the module that the statement names: `import a.b` binds `a`, but needs `a.b`.
    """
    if full_name not in FACADES:
        raise ModuleNotFoundError(f"module '{full_name}' is not available here")
    return FACADES[name]


def _from(module: str, name: str) -> Any:
    try:
        return MODULES[module][name]
    except KeyError:
        raise ImportError(f"cannot import name '{name}' from '{module}' here") from None


def _internal_import(
    name: str,
    _globals: Any = None,
    _locals: Any = None,
    fromlist: Iterable[str] | None = (),
    level: int = 0,
) -> Any:
    if name in _INTERNAL and level == 0 and not fromlist:
        return None
    raise ImportError("imports are resolved before the run")


def _builtins() -> dict[str, Any]:
    table = {
        name: errors.shown_class(getattr(builtins, name)) for name in f"{_PLAIN} {_ERRORS}".split()
    }
    table |= {
        "__build_class__": builtins.__build_class__,
        "__import__": _internal_import,
        "getattr": guards.guarded_builtin_getattr,
        "hasattr": guards.guarded_hasattr,
        "setattr": guards.guarded_setattr,
        "delattr": guards.guarded_delattr,
        "print": _print,
        "repr": shown.representation,
        "ascii": shown.plain_ascii,
        "format": shown.formatted,
        "hash": hashes.hash_of,
        "type": _type,
        # A function may raise this without an import.
        "QuotaExceeded": QuotaExceeded,
    }
    return table


BUILTIN_NAMES: Final = frozenset(name for name in _builtins() if not name.startswith("_"))


def new_globals() -> dict[str, Any]:
    """New globals for one worker."""
    return {
        "__builtins__": _builtins(),
        "__name__": "function",
        "__metaclass__": classes.make_class,
        "_getattr_": guards.guarded_getattr,
        "_write_": guards.guarded_write,
        "_augment_": guards.guarded_augment,
        "_type_name_": kinds.type_name,
        "_caught_": errors.caught,
        "_str_": shown.text_maker,
        "_text_": shown.text,
        "_repr_": shown.representation,
        "_ascii_": shown.plain_ascii,
        "_format_": shown.formatted,
        "_values_": guards.values_holder,
        "_import_": _import,
        "_from_": _from,
    }
