"""Works out from a handler's signature how to call it; once for each function."""

from __future__ import annotations

import inspect
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Call = Callable[[Any, Any, Any], Any]
    """Takes event, profile and context, and calls the handler with those that it takes."""

NAMES: Final = ("handler", "lambda_handler")
_BY_POSITION: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_ARGUMENTS: Final = ("event", "profile", "context")


class HandlerMissing(Exception):
    """The module defines no handler, or one that cannot be called."""


def handler_of(namespace: Mapping[str, Any]) -> Any:
    """The handler that a module defines.

    Raises:
        HandlerMissing: it defines none, or one that cannot be called.
    """
    for name in NAMES:
        handler = namespace.get(name)
        if handler is not None:
            if not callable(handler):
                raise HandlerMissing(f'"{name}" is not a function')
            return handler
    raise HandlerMissing('there is no "handler"')


def call_of(handler: Any) -> Call:
    """A function that calls this handler.

    The handler gets its arguments by position: `(event)`, `(event, context)` or
    `(event, profile, context)`. Further parameters that have defaults are left alone. A parameter
    that takes its value by keyword only gets it if it has one of the three names. If the handler is
    decorated, the function below the decorator decides.
    """
    keyword_names, count = _parameters(handler)
    if keyword_names:
        return _by_keyword(handler, keyword_names, count)
    if count <= 1:
        return lambda event, _profile, _context: handler(event)
    if count == len(_ARGUMENTS):
        return handler  # type: ignore[no-any-return]  # it takes these three, in this order
    if _second_name(handler) == "profile":
        return lambda event, profile, _context: handler(event, profile)
    return lambda event, _profile, context: handler(event, context)


def _parameters(handler: Any) -> tuple[tuple[str, ...], int]:
    """The names of arguments to pass by keyword, and how many to pass by position."""
    signature = _signature(handler)
    if signature is None:
        return (), len(_ARGUMENTS)
    by_position = [p for p in signature.parameters.values() if p.kind in _BY_POSITION]
    keyword_names = tuple(
        p.name
        for p in signature.parameters.values()
        if p.kind is inspect.Parameter.KEYWORD_ONLY
        and p.default is p.empty
        and p.name in _ARGUMENTS
    )
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in signature.parameters.values()):
        wrapped = _wrapped(handler)
        if wrapped is not None and len(by_position) < len(_ARGUMENTS):
            return _parameters(wrapped)
        return keyword_names, len(by_position) or (0 if keyword_names else len(_ARGUMENTS))
    required_count = sum(p.default is p.empty for p in by_position)
    count = min(len(by_position), len(_ARGUMENTS))
    if count == len(_ARGUMENTS) and required_count < count and by_position[1].name != "profile":
        count = 2  # handler(event, context, retries=3)
    return keyword_names, max(count, min(required_count, len(_ARGUMENTS)))


def _signature(handler: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(handler)
    except (TypeError, ValueError):  # a callable in C without a signature
        return None


def _wrapped(handler: Any) -> Any:
    """The one function that a decorator passes its `*args` to; None if that cannot be told."""
    function = getattr(handler, "__func__", handler)
    if not isinstance(function, FunctionType) or not isinstance(function.__code__, CodeType):
        return None
    functions = []
    for cell in function.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:  # the cell is still empty
            continue
        if isinstance(value, FunctionType) and value is not function:
            functions.append(value)
    return functions[0] if len(functions) == 1 else None


def _second_name(handler: Any) -> str:
    signature = _signature(handler)
    names = list(signature.parameters) if signature else []
    return names[1] if len(names) > 1 else ""


def _by_keyword(handler: Any, keyword_names: tuple[str, ...], count: int) -> Call:
    def call(event: Any, profile: Any, context: Any) -> Any:
        arguments = {"event": event, "profile": profile, "context": context}
        keywords = {name: arguments[name] for name in keyword_names}
        positional = [arguments[name] for name in _ARGUMENTS if name not in keywords]
        return handler(*positional[:count], **keywords)

    return call
