"""`context.http`: calls other servers, by the parent."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from . import values
from .run import RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

VERBS: Final = ("get", "post", "put", "patch", "delete", "head")
_OPTIONS: Final = frozenset({"json", "data", "headers", "params", "timeout"})
_ERRORS_FROM: Final = 400  # HTTP's own boundary
# The parent sets these headers itself. Programs set them by habit, so they are dropped in silence.
_CARRIERS: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "keep-alive", "proxy-connection",
     "te", "transfer-encoding"}
)  # fmt: skip


class Answer:
    """The answer to a call by `context.http`.

    Attributes:
        status: the status code.
    """

    __slots__ = ("_body", "_headers", "status")

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.status = int(value["status"])
        self._headers = joined((name.lower(), text) for name, text in value["headers"])
        self._body = base64.b64decode(value["body"])

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < _ERRORS_FROM

    @property
    def headers(self) -> dict[str, str]:
        """Each header's value by its name in lower case; several values are joined by ", "."""
        return dict(self._headers)

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self._body

    @property
    def text(self) -> str:
        """The body as UTF-8 text, with a replacement character in place of other bytes."""
        return self._body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body, parsed as JSON."""
        return json.loads(self._body)

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers as one value by name, in order; several values are joined by ", "."""
    values_by_name: dict[str, str] = {}
    for name, text in headers:
        values_by_name[name] = f"{values_by_name[name]}, {text}" if name in values_by_name else text
    return values_by_name


def perform(method: str, url: str, **fields: Any) -> dict[str, Any]:
    """Count one call, and have the parent make it.

    Args:
        method: the method, in capitals.
        url: the URL; its path and query may hold `{{secret:NAME}}`.
        fields: the other fields of the op `http`, as plain JSON. Headers that the parent sets
            itself are dropped.

    Returns:
        `{"status", "reason", "headers": [[name, value], ...], "body": base64}`.

    Raises:
        QuotaExceeded: this run may make no more calls.
        CapabilityError: the call may not be made, or it failed.
    """
    headers = fields.get("headers")
    if isinstance(headers, dict):
        own_headers = {
            name: text for name, text in headers.items() if name.lower() not in _CARRIERS
        }
        fields["headers"] = own_headers
    RUN.spend("http", int(RUN.limits.get("http_calls", 0)))
    answer: dict[str, Any] = RUN.port.call("http", method=method, url=url, **fields)
    return answer


class Http:
    """`context.http`, with one method for each of HTTP's."""

    __slots__ = ("_serial",)

    def __init__(self, serial: int) -> None:
        self._serial = serial

    def _request(self, method: str, url: Any, options: dict[str, Any]) -> Answer:
        RUN.check(self._serial)
        fields: dict[str, Any] = {}
        for name, value in values.keywords(options):
            if name not in _OPTIONS:
                raise TypeError(f"http calls take no '{name}' here")
            if value is not None:
                fields[name] = value
        if "data" in fields:
            fields["data"] = _data(fields["data"])
        json_fields = RUN.port.plain(fields, what="the http request")
        return Answer(perform(method, values.text(url, "url"), **json_fields))

    def __repr__(self) -> str:
        return "<context.http>"


def _data(data: Any) -> dict[str, Any]:
    if isinstance(data, bytes):
        return {"base64": base64.b64encode(data).decode()}
    if isinstance(data, str):
        return {"text": values.exact_text(data)}
    return {"form": data}


def _verb(name: str) -> Callable[..., Answer]:
    def call(self: Http, url: str, **options: Any) -> Answer:
        return self._request(name.upper(), url, options)

    call.__name__ = name
    call.__qualname__ = f"Http.{name}"
    return call


for _name in VERBS:
    setattr(Http, _name, _verb(_name))
