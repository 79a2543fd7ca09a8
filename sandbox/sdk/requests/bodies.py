"""Params and bodies, from what user code gives to what is sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from .. import values
from ..placeholders import Veil
from ..run import RUN

Pair = tuple[str | bytes, str | bytes]
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, twice: as it shows, and as the parent fills secrets into it.

    Attributes:
        shown: what `request.body` is.
        kind: the Content-Type that goes with it, or "".
        fields: of the op `http`.
    """

    shown: str | bytes | None = None
    kind: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def encoded_params(params: Any, veil: Veil) -> str:
    """What goes behind the `?`."""
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
    """Pairs with one value each: a list is several of them, None is none."""
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
    """The body of these arguments.

    Raises:
        ValueError: `json` is not JSON; TypeError where `json.dumps` would raise it.
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
    """A body of text or bytes; placeholders in text are filled in."""
    if isinstance(shown, bytes):
        return Body(shown, "", {"data": binary(shown)})
    RUN.port.plain(shown, what="the body")
    return Body(shown, "", {"data": {"text": shown}})


def binary(content: bytes) -> dict[str, str]:
    """Bytes as the op `http` carries them."""
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
    except UnicodeDecodeError:  # bytes that no JSON carries
        return Body(shown, _FORM, {"data": binary(shown.encode())})
    RUN.port.plain(texts, what="the form")
    return Body(shown, _FORM, {"data": {"form": texts}})


def _text(part: str | bytes) -> str:
    return part if isinstance(part, str) else part.decode("utf-8")
