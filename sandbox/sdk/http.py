"""`context.http`: calls that the parent performs."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from . import values
from .run import RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

VERBS = ("get", "post", "put", "patch", "delete", "head")
_OPTIONS = frozenset({"json", "data", "headers", "params", "timeout"})
_ERRORS_FROM = 400  # HTTP's own boundary
# Said anew by whoever carries the bytes; programs ask for them by habit, and it is harmless.
_CARRIERS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "keep-alive", "proxy-connection",
     "te", "transfer-encoding"}
)  # fmt: skip


class Answer:
    """What came back from context.http.

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
        """True below 400."""
        return self.status < _ERRORS_FROM

    @property
    def headers(self) -> dict[str, str]:
        """Header names in lower case; values of one name joined by ", "."""
        return dict(self._headers)

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self._body

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self._body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self._body)

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One value for each name, in order; what came several times is joined by ", "."""
    made: dict[str, str] = {}
    for name, text in headers:
        made[name] = f"{made[name]}, {text}" if name in made else text
    return made


def perform(method: str, url: str, **fields: Any) -> dict[str, Any]:
    """One call of the parent's, counted.

    Args:
        method: in capitals.
        url: what is called, `{{secret:NAME}}` in its path and query included.
        fields: what `sandbox.mediated_http` reads of the op `http`, as plain JSON; headers that
            are about carrying bytes are left out.

    Returns:
        `{"status", "reason", "headers": [[name, value], ...], "body": base64}`.

    Raises:
        QuotaExceeded: this run has made all its calls.
        CapabilityError: the call may not be made, or failed.
    """
    headers = fields.get("headers")
    if isinstance(headers, dict):
        kept = {name: text for name, text in headers.items() if name.lower() not in _CARRIERS}
        fields["headers"] = kept
    RUN.spend("http", int(RUN.limits.get("http_calls", 0)))
    answer: dict[str, Any] = RUN.port.call("http", method=method, url=url, **fields)
    return answer


class Http:
    """context.http: one method per verb."""

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
        plain = RUN.port.plain(fields, what="the http request")
        return Answer(perform(method, values.text(url, "url"), **plain))

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
