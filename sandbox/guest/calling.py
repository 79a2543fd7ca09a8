"""How a handler is called: what it takes is worked out once, from its signature."""

from __future__ import annotations

import inspect
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Call = Callable[[Any, Any, Any], Any]
    """Calls the handler with event, profile and context, as many of them as it takes."""

NAMES = ("handler", "lambda_handler")
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_GIVEN = ("event", "profile", "context")


class HandlerMissing(Exception):
    """The module has no handler that can be called."""


def handler_of(namespace: Mapping[str, Any]) -> Any:
    """The handler that a module defines; HandlerMissing where it has none."""
    for name in NAMES:
        handler = namespace.get(name)
        if handler is not None:
            if not callable(handler):
                raise HandlerMissing(f'"{name}" is not a function')
            return handler
    raise HandlerMissing('there is no "handler"')


def call_of(handler: Any) -> Call:
    """How to call this handler.

    By position: `(event)`, `(event, context)` or `(event, profile, context)`. Parameters that have
    defaults and stand behind these are left alone, and what must be given by keyword is, if its
    name is one of the three. A decorated handler takes what the function under it takes.
    """
    named, count = _parameters(handler)
    if named:
        return _by_keyword(handler, named, count)
    if count <= 1:
        return lambda event, _profile, _context: handler(event)
    if count == len(_GIVEN):
        return handler  # type: ignore[no-any-return]  # it is called with these three
    if _second_name(handler) == "profile":
        return lambda event, profile, _context: handler(event, profile)
    return lambda event, _profile, context: handler(event, context)


def _parameters(handler: Any) -> tuple[tuple[str, ...], int]:
    """The names that must be given by keyword, and how many values to give by position."""
    signature = _signature(handler)
    if signature is None:
        return (), len(_GIVEN)
    by_position = [p for p in signature.parameters.values() if p.kind in _BY_POSITION]
    named = tuple(
        p.name
        for p in signature.parameters.values()
        if p.kind is inspect.Parameter.KEYWORD_ONLY and p.default is p.empty and p.name in _GIVEN
    )
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in signature.parameters.values()):
        wrapped = _wrapped(handler)
        if wrapped is not None and len(by_position) < len(_GIVEN):
            return _parameters(wrapped)
        return named, len(by_position) or (0 if named else len(_GIVEN))
    required = sum(p.default is p.empty for p in by_position)
    count = min(len(by_position), len(_GIVEN))
    if count == len(_GIVEN) and required < count and by_position[1].name != "profile":
        count = 2  # handler(event, context, retries=3)
    return named, max(count, min(required, len(_GIVEN)))


def _signature(handler: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(handler)
    except (TypeError, ValueError):  # a callable of C that does not say
        return None


def _wrapped(handler: Any) -> Any:
    """The one function that a decorator's `*args` go to, when it can be told; else None."""
    function = getattr(handler, "__func__", handler)
    if not isinstance(function, FunctionType) or not isinstance(function.__code__, CodeType):
        return None
    inside = []
    for cell in function.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:  # not filled yet
            continue
        if isinstance(value, FunctionType) and value is not function:
            inside.append(value)
    return inside[0] if len(inside) == 1 else None


def _second_name(handler: Any) -> str:
    signature = _signature(handler)
    names = list(signature.parameters) if signature else []
    return names[1] if len(names) > 1 else ""


def _by_keyword(handler: Any, named: tuple[str, ...], count: int) -> Call:
    def call(event: Any, profile: Any, context: Any) -> Any:
        given = {"event": event, "profile": profile, "context": context}
        keywords = {name: given[name] for name in named}
        left = [given[name] for name in _GIVEN if name not in keywords]
        return handler(*left[:count], **keywords)

    return call
