"""Makes the params and the body of a request from the arguments of user code."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from .. import values
from ..placeholders import Veil
from ..run import RUN

Pair = tuple[str | bytes, str | bytes]
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Body:
    """A body in two forms: as user code sees it, and as the parent gets it."""

    shown: str | bytes | None = None  # the value of `request.body`; None for no body
    kind: str = ""  # the Content-Type that goes with it; empty if it has none
    fields: dict[str, Any] = field(default_factory=dict)  # the fields of the op `http`


def encoded_params(params: Any, veil: Veil) -> str:
    """The text after the `?`, encoded; empty without params. Placeholders in it are hidden."""
    if params is None:
        return ""
    if isinstance(params, str | bytes):
        text = values.exact(params)
        return veil.hide(text.decode("ascii") if isinstance(text, bytes) else text)
    return _urlencoded(flat(params), veil)


def _urlencoded(pairs: list[Pair], veil: Veil) -> str:
    return urlencode([(_hidden(key, veil), _hidden(value, veil)) for key, value in pairs])


def _hidden(part: str | bytes, veil: Veil) -> str | bytes:
    return veil.hide(part) if isinstance(part, str) else part


def flat(data: Any) -> list[Pair]:
    """The pairs, with one value each: a list becomes several pairs, and None becomes none."""
    return [
        (values.exact(key), part)
        for key, value in values.pairs(data)
        for part in _parts(value, depth=2)
    ]


def _parts(value: Any, depth: int) -> list[str | bytes]:
    if value is None:
        return []
    if depth == 0 or isinstance(value, str | bytes | bytearray):
        return [values.exact(value)]
    try:
        items = iter(value)
    except TypeError:
        return [values.shown(value)]
    return [part for item in items for part in _parts(item, depth - 1)]


def made(data: Any, json_value: Any) -> Body:
    """The body that the arguments `data` and `json` ask for.

    Raises:
        ValueError: `json` is not JSON.
        TypeError: `json` is not JSON, and `json.dumps` would raise a TypeError.
        NotImplementedError: `data` is a stream.
    """
    if not data:
        return Body() if json_value is None else _json(json_value)
    if isinstance(data, str):
        return of_shown(values.exact_text(data))
    if isinstance(data, bytes | bytearray):
        return of_shown(values.exact_bytes(data))
    if isinstance(data, Mapping | list | tuple):
        return _form(flat(data))
    raise NotImplementedError(
        "data is text, bytes, a dict or a list of pairs here: a file or a generator would be "
        "streamed, and bodies are sent whole; read it first"
    )


def of_shown(shown: str | bytes) -> Body:
    """A body of text or bytes. The parent fills secrets into text."""
    if isinstance(shown, bytes):
        return Body(shown, "", {"data": binary(shown)})
    RUN.port.plain(shown, what="the body")
    return Body(shown, "", {"data": {"text": shown}})


def binary(content: bytes) -> dict[str, str]:
    """Bytes in the form of the op `http`."""
    return {"base64": base64.b64encode(content).decode()}


def _json(value: Any) -> Body:
    plain = RUN.port.plain(value, what="the json")
    shown = json.dumps(plain, allow_nan=False).encode()
    return Body(shown, "application/json", {"json": plain})


def _form(pairs: list[Pair]) -> Body:
    veil = Veil()
    shown = veil.lift(_urlencoded(pairs, veil))
    try:
        texts = [[_text(key), _text(value)] for key, value in pairs]
    except UnicodeDecodeError:  # bytes that are no text, which JSON cannot carry
        return Body(shown, _FORM, {"data": binary(shown.encode())})
    RUN.port.plain(texts, what="the form")
    return Body(shown, _FORM, {"data": {"form": texts}})


def _text(part: str | bytes) -> str:
    return part if isinstance(part, str) else part.decode("utf-8")
