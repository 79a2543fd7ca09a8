"""How a handler is called: how many of event, profile and context it takes."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any, Final

from sandbox.engines.restricted.facades.data import WRAPPED

_GIVEN: Final = ("event", "profile", "context")
_MAX_DECORATORS: Final = 20


def parameters(handler: Any) -> int:
    """How many values it takes by position; up to 1 is the event, 2 the event and the context.

    A decorated handler whose outermost function takes anything takes what the function under it
    takes.
    """
    taken, bound = handler, 0
    for _ in range(_MAX_DECORATORS):
        function, given = _function_of(taken)
        bound += given
        if function is None:
            return len(_GIVEN)
        code = function.__code__
        if not code.co_flags & inspect.CO_VARARGS:
            return code.co_argcount - bound
        under = _under(function)
        if code.co_argcount > bound or under is None:
            return max(code.co_argcount - bound, 0) or len(_GIVEN)
        taken = under
    return len(_GIVEN)


def _function_of(handler: Any) -> tuple[types.FunctionType | None, int]:
    """The function that is called, and how many of its parameters are given already."""
    if type(handler) is functools.partial:
        function, given = _function_of(handler.func)
        if function is None:
            return None, 0
        code = function.__code__
        open_names = code.co_varnames[given + len(handler.args) : code.co_argcount]
        # What is given by keyword can be given by position no more, nor can what stands behind.
        named = [name in handler.keywords for name in open_names]
        closed = len(named) - named.index(True) if True in named else 0
        return function, given + len(handler.args) + closed
    if isinstance(handler, types.FunctionType):
        return handler, 0
    if isinstance(handler, types.MethodType) and isinstance(handler.__func__, types.FunctionType):
        return handler.__func__, 1
    called = getattr(type(handler), "__call__", None)  # noqa: B004 - its parameters are asked for
    return (called, 1) if isinstance(called, types.FunctionType) else (None, 0)


def _under(function: types.FunctionType) -> Any:
    """What a decorator stands in front of, when it can be told."""
    named = WRAPPED.get(function)
    if named is not None:
        return named
    inside = []
    for cell in function.__closure__ or ():
        try:
            inside.append(cell.cell_contents)
        except ValueError:  # not filled yet
            continue
    functions = [each for each in inside if isinstance(each, types.FunctionType)]
    return functions[0] if len(functions) == 1 and functions[0] is not function else None
