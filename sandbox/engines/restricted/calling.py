"""Finds out how many of event, profile and context a handler takes."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any, Final

from sandbox.engines.restricted.facades.data import WRAPPED

_ARGUMENTS: Final = ("event", "profile", "context")
_MAX_DECORATORS: Final = 20  # decorators may stand before each other in a circle


def parameters(handler: Any) -> int:
    """How many arguments the handler takes by position.

    With one or none it is called with the event, with two with event and context, with three with
    event, profile and context. If the outermost function of a decorated handler takes `*args`, the
    function that it decorates decides.
    """
    callee, count = handler, 0
    for _ in range(_MAX_DECORATORS):
        function, extra = _function_of(callee)
        count += extra
        if function is None:
            return len(_ARGUMENTS)
        code = function.__code__
        if not code.co_flags & inspect.CO_VARARGS:
            return code.co_argcount - count
        inner = _under(function)
        if code.co_argcount > count or inner is None:
            return max(code.co_argcount - count, 0) or len(_ARGUMENTS)
        callee = inner
    return len(_ARGUMENTS)


def _function_of(handler: Any) -> tuple[types.FunctionType | None, int]:
    """The Python function that a call of the handler reaches, and how many parameters it has set.

    The function is None if the handler is not made from one, such as a built-in class.
    """
    if type(handler) is functools.partial:
        function, count = _function_of(handler.func)
        if function is None:
            return None, 0
        code = function.__code__
        open_names = code.co_varnames[count + len(handler.args) : code.co_argcount]
        # A parameter that the partial sets by keyword can no longer be set by position, and neither
        # can those after it.
        by_keyword = [name in handler.keywords for name in open_names]
        unreachable = len(by_keyword) - by_keyword.index(True) if True in by_keyword else 0
        return function, count + len(handler.args) + unreachable
    if isinstance(handler, types.FunctionType):
        return handler, 0
    if isinstance(handler, types.MethodType) and isinstance(handler.__func__, types.FunctionType):
        return handler.__func__, 1
    method = getattr(type(handler), "__call__", None)  # noqa: B004 - we need its parameters
    return (method, 1) if isinstance(method, types.FunctionType) else (None, 0)


def _under(function: types.FunctionType) -> Any:
    """The function that this decorator's function wraps; None if that cannot be told."""
    wrapped_function = WRAPPED.get(function)
    if wrapped_function is not None:
        return wrapped_function
    contents = []
    for cell in function.__closure__ or ():
        try:
            contents.append(cell.cell_contents)
        except ValueError:  # the cell is still empty
            continue
    functions = [each for each in contents if isinstance(each, types.FunctionType)]
    return functions[0] if len(functions) == 1 and functions[0] is not function else None
