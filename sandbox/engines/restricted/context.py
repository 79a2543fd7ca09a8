"""What user code is given: `context`, and what hangs on it. Everything here asks the parent."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from sandbox import wire
from sandbox.bridge import BRIDGE
from sandbox.engines.restricted import attributes, shown
from sandbox.limits import (
    DELIVERS_MAX,
    EFFECTS_MAX_BYTES,
    LOG_MESSAGE_MAX_CHARS,
    MASKING_ROOM,
    PROFILE_CHANGES_MAX,
    SECRET_CALLS_MAX,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class QuotaExceeded(Exception):
    """The run asked for more than its limits allow."""


class StaleContext(Exception):
    """This context belongs to an earlier event."""


class Run:
    """The event that is being run now, as the worker knows it; user code never holds it."""

    def __init__(self) -> None:
        self.serial = 0
        self.limits: dict[str, Any] = {}
        self.webhooks: list[str] | None = None
        self.counts: dict[str, int] = {}
        self.log_bytes = 0
        self.effect_bytes = 0

    def begin(self, limits: dict[str, Any]) -> int:
        """A new event: counts start at zero, and earlier contexts are stale."""
        self.serial += 1
        self.limits = limits
        self.counts = {}
        self.log_bytes = 0
        self.effect_bytes = 0
        return self.serial

    def spend(self, what: str, most: int) -> None:
        """Count one use; the parent counts too, and its count is the one that matters."""
        used = self.counts.get(what, 0)
        if used >= most:
            raise QuotaExceeded(f"no more than {most} calls of context.{what} in one run")
        self.counts[what] = used + 1

    def effect(self, op: str, **fields: Any) -> None:
        """Send what the run leaves behind; the parent measures it too."""
        try:
            frame = BRIDGE.frame(op, fields)
        except wire.ProtocolBroken:
            raise ValueError(f"{op}: the payload is too large") from None
        if self.effect_bytes + len(frame) > EFFECTS_MAX_BYTES:
            most = EFFECTS_MAX_BYTES // 1024
            raise QuotaExceeded(f"{op}: what one run leaves behind is over {most} KB")
        self.effect_bytes += len(frame)
        BRIDGE.write(frame)


RUN = Run()


def log(message: Any, fields: dict[str, Any]) -> None:
    """One log entry; past the run's budget it is cut, never an error."""
    text = _text_of(message)
    size = len(text) + sum(len(str(value)) + len(key) for key, value in fields.items())
    budget = int(RUN.limits.get("log_bytes", 0))
    if RUN.log_bytes > budget:
        return
    RUN.log_bytes += size + 16
    BRIDGE.send("log", message=text, fields=fields)


def _text_of(value: Any) -> str:
    try:
        text = value if type(value) is str else str.__str__(shown.text(value))
    except RecursionError:
        return "<too deep to show>"
    text = text[: LOG_MESSAGE_MAX_CHARS * MASKING_ROOM]
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _loggable(value: Any) -> Any:
    try:
        wire.check_plain(value)
    except wire.NotPlain:
        return _text_of(value)
    return value if len(json.dumps(value)) <= LOG_MESSAGE_MAX_CHARS else "<too large to log>"


def _plain(value: Any, what: str) -> Any:
    try:
        wire.check_plain(value, what=what)
    except wire.NotPlain as error:
        raise ValueError(str(error)) from None
    return value


def _text(value: Any, what: str) -> str:
    if type(value) is not str:
        raise TypeError(f"{what} is text, not {type(value).__name__}")
    _plain(value, what)
    return value


class Answer:
    """What came back from context.http."""

    __slots__ = ("_body", "_headers", "status")

    def __init__(self, value: dict[str, Any]) -> None:
        self.status = int(value["status"])
        self._headers = {str(k): str(v) for k, v in value["headers"].items()}
        self._body = base64.b64decode(value["body"])

    @property
    def ok(self) -> bool:
        """True below 400."""
        return self.status < 400  # noqa: PLR2004 - HTTP's own boundary

    @property
    def headers(self) -> dict[str, str]:
        """Header names in lower case."""
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


def request(method: Any, url: Any, options: dict[str, Any]) -> Answer:
    """One mediated call; exact plain types only, so that the parent checks what is used."""
    wanted = {key: value for key, value in options.items() if value is not None}
    for key in wanted:
        if key not in {"json", "data", "headers", "params", "timeout"}:
            raise TypeError(f"http calls take no '{key}' here")
    data = wanted.get("data")
    if type(data) is bytes:
        wanted["data"] = {"base64": base64.b64encode(data).decode()}
    elif data is not None:
        wanted["data"] = {"text": data} if type(data) is str else {"form": data}
    _plain(wanted, "the http request")
    RUN.spend("http", int(RUN.limits.get("http_calls", 0)))
    value = BRIDGE.call("http", method=_text(method, "method"), url=_text(url, "url"), **wanted)
    return Answer(value)


class Http:
    """context.http: one method per verb."""

    __slots__ = ("_check",)

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def __repr__(self) -> str:
        return "<context.http>"


def _verb(name: str) -> Callable[..., Answer]:
    def call(self: Http, url: str, **options: Any) -> Answer:
        self._check()
        return request(name.upper(), url, options)

    call.__name__ = name
    return call


VERBS = ("get", "post", "put", "patch", "delete", "head")
for _name in VERBS:
    setattr(Http, _name, _verb(_name))


class Profile:
    """context.profile: what is known, and what this run wants changed."""

    __slots__ = ("_check", "_data")

    def __init__(self, data: dict[str, Any] | None, check: Callable[[], None]) -> None:
        self._data = data
        self._check = check

    @property
    def data(self) -> dict[str, Any]:
        """The profile's properties as they were when the run began."""
        found = (self._data or {}).get("properties")
        return dict(found) if isinstance(found, dict) else {}

    def set(self, values: dict[str, Any] | None = None, /, **more: Any) -> None:
        """Set properties, by a dict or by keywords."""
        changes = {**(values or {}), **more}
        self._change(_plain(changes, "the profile change"), [])

    def unset(self, *names: str) -> None:
        """Remove properties."""
        self._change({}, [_text(name, "a property name") for name in names])

    def _change(self, to_set: dict[str, Any], unset: list[str]) -> None:
        self._check()
        RUN.spend("profile", PROFILE_CHANGES_MAX)
        RUN.effect("profile", set=to_set, unset=unset)

    def __repr__(self) -> str:
        return "<context.profile>"


class Context:
    """The capabilities of one event."""

    __slots__ = ("_serial", "deadline_ms", "function", "http", "profile", "run_id", "tenant")

    def __init__(self, about: dict[str, Any], serial: int) -> None:
        self._serial = serial
        self.tenant = about.get("tenant")
        self.function = about.get("function")
        self.run_id = about.get("run_id")
        self.deadline_ms = about.get("deadline_ms")
        self.http = Http(self._check)
        self.profile = Profile(about.get("profile"), self._check)

    def _check(self) -> None:
        if self._serial != RUN.serial:
            raise StaleContext("this context belongs to an earlier event: use the one given")

    def log(self, message: Any, **fields: Any) -> None:
        """Write to the run's log."""
        self._check()
        log(message, {_text_of(key)[:100]: _loggable(item) for key, item in fields.items()})

    def emit(self, topic: str, properties: dict[str, Any] | None = None) -> None:
        """Emit an event of this topic."""
        self._check()
        if not wire.is_topic(topic):
            raise ValueError("a topic is text such as metric.vip_order")
        value = _plain({} if properties is None else properties, "the emitted properties")
        if type(value) is not dict:
            raise TypeError("properties are a dict")
        RUN.spend("emit", int(RUN.limits.get("emits", 0)))
        RUN.effect("emit", topic=topic, properties=value)

    def deliver(self, webhook_id: str, payload: Any) -> None:
        """Deliver a payload to a webhook of this tenant."""
        self._check()
        if not wire.is_webhook_id(webhook_id, RUN.webhooks):
            raise ValueError("there is no webhook of this id for this function")
        value = _plain(payload, "the payload")
        RUN.spend("deliver", DELIVERS_MAX)
        RUN.effect("deliver", webhook=webhook_id, payload=value)

    def secret(self, name: str) -> str:
        """The value of a secret that this function declares; it is masked wherever it leaves."""
        self._check()
        wanted = _text(name, "the secret's name")
        RUN.spend("secret", SECRET_CALLS_MAX)
        return str(BRIDGE.call("secret", name=wanted))

    def __repr__(self) -> str:
        return "<context>"


attributes.INSTANCE[Context] = frozenset(
    {"deadline_ms", "deliver", "emit", "function", "http", "log", "profile", "run_id", "secret",
     "tenant"}
)  # fmt: skip
attributes.INSTANCE[Http] = frozenset(VERBS)
attributes.INSTANCE[Profile] = frozenset({"data", "set", "unset"})
attributes.INSTANCE[Answer] = frozenset({"content", "headers", "json", "ok", "status", "text"})
