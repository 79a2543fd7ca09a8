"""`context`: the capabilities of one event. Everything here asks the parent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import names, values
from .http import Http
from .quotas import (
    DELIVERS_MAX,
    LOG_KEY_MAX_CHARS,
    LOG_MESSAGE_MAX_CHARS,
    MASKING_ROOM,
    PROFILE_CHANGES_MAX,
    SECRET_CALLS_MAX,
)
from .run import RUN, QuotaExceeded, StaleContext

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RUN", "Context", "Profile", "QuotaExceeded", "StaleContext", "begin", "log"]

_TEXT_MAX_CHARS = LOG_MESSAGE_MAX_CHARS * MASKING_ROOM
_ENTRY_BYTES = 16  # what an entry costs beside its texts
_FIELD_BYTES = 24  # what a field costs beside its text; a number is no longer than that


def begin(message: Mapping[str, Any]) -> Context:
    """The context of a new event; `message` is the parent's `run` frame."""
    return Context(message, RUN.begin())


def log(message: Any, fields: Mapping[str, Any]) -> None:
    """One log entry; what is past the run's budget is cut, never an error."""
    budget = int(RUN.limits.get("log_bytes", 0))
    if RUN.log_bytes > budget:
        return
    text = _text(message)
    RUN.log_bytes += len(text) + _ENTRY_BYTES
    kept = _fields(fields, budget - RUN.log_bytes) if fields else {}
    RUN.port.send("log", message=text, fields=kept)


def _fields(fields: Mapping[str, Any], room: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for count, (key, value) in enumerate(fields.items()):
        name = _text(key)[: LOG_KEY_MAX_CHARS * MASKING_ROOM]
        field, size = _field(value)
        room -= size + len(name)
        if room < 0:
            kept["..."] = f"{len(fields) - count} more, cut: the log is full"
            break
        kept[name] = field
        RUN.log_bytes += size + len(name)
    return kept


def _field(value: Any) -> tuple[Any, int]:
    """What is sent of a field's value, and how many bytes of the log it takes."""
    if isinstance(value, str):
        return _text_field(value)
    try:
        plain = RUN.port.plain(value, what="a field")
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - so may a property of the user's; it is shown as text then
        return _text_field(value)
    size = len(json.dumps(plain))
    return (plain, size) if size <= LOG_MESSAGE_MAX_CHARS else ("<too large to log>", 20)


def _text_field(value: Any) -> tuple[str, int]:
    text = _text(value)
    # The parent keeps the first half of what is sent, and a frame must hold the whole of it.
    kept = len(json.dumps(text[:LOG_MESSAGE_MAX_CHARS]))
    return text, max(kept, len(json.dumps(text)) // MASKING_ROOM)


def _text(value: Any) -> str:
    try:
        made = values.shown(value)
    except RecursionError:
        return "<too deep to show>"
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a __str__ of the user's may raise anything
        return "<its text could not be made>"
    return values.without_surrogates(made[:_TEXT_MAX_CHARS])


def _plain_text(value: Any, what: str) -> Any:
    return RUN.port.plain(value, what=what) if isinstance(value, str) else value


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is text, not {type(value).__name__}")
    name: str = RUN.port.plain(value, what=what)
    return name


class Profile:
    """context.profile: what is known, and what this run wants changed."""

    __slots__ = ("_data", "_serial")

    def __init__(self, data: Mapping[str, Any] | None, serial: int) -> None:
        self._data = data
        self._serial = serial

    @property
    def data(self) -> dict[str, Any]:
        """The profile's properties as they were when the run began."""
        properties = (self._data or {}).get("properties")
        return dict(properties) if isinstance(properties, dict) else {}

    def set(self, properties: dict[str, Any] | None = None, /, **more: Any) -> None:
        """Set properties, by a dict or by keywords.

        Raises:
            ValueError: a value is not JSON, or too large.
            QuotaExceeded: this run has made all its changes.
        """
        what = "the profile change"
        changes = {} if properties is None else RUN.port.plain(properties, what=what)
        if not isinstance(changes, dict):
            raise TypeError(f"{what} is a dict")
        self._change({**changes, **RUN.port.plain(more, what=what)}, [])

    def unset(self, *names: str) -> None:
        """Remove properties."""
        self._change({}, [_name(name, "a property name") for name in names])

    def _change(self, to_set: dict[str, Any], unset: list[str]) -> None:
        RUN.check(self._serial)
        RUN.spend("profile", PROFILE_CHANGES_MAX)
        RUN.leave("profile", set=to_set, unset=unset)

    def __repr__(self) -> str:
        return "<context.profile>"


class Context:
    """The capabilities of one event.

    One is made for each event, and most use little of it: what hangs on it is made when asked for.
    """

    __slots__ = ("_message", "_serial")

    def __init__(self, message: Mapping[str, Any], serial: int) -> None:
        self._message = message
        self._serial = serial

    @property
    def tenant(self) -> str | None:
        """Whose function this is."""
        return RUN.about.get("tenant")

    @property
    def function(self) -> str | None:
        """The function's name."""
        return RUN.about.get("function")

    @property
    def run_id(self) -> str | None:
        """The run's id: the same when an event is tried again."""
        return self._message.get("run_id")

    @property
    def deadline_ms(self) -> int | None:
        """When the run is stopped, in milliseconds since 1970."""
        return self._message.get("deadline_ms")

    @property
    def http(self) -> Http:
        """Calls to other servers."""
        return Http(self._serial)

    @property
    def profile(self) -> Profile:
        """The profile of the event."""
        return Profile(self._message.get("profile"), self._serial)

    def log(self, /, *message: Any, **fields: Any) -> None:
        """Write to the run's log: `log(message, **fields)`; a field may be called anything."""
        RUN.check(self._serial)
        if not message and "message" in fields:
            message = (fields.pop("message"),)
        if len(message) != 1:
            raise TypeError("log() takes one message; what else there is goes by name: log(m, n=1)")
        log(message[0], fields)

    def emit(self, topic: str, properties: dict[str, Any] | None = None) -> None:
        """Emit an event of this topic.

        Raises:
            ValueError: it is no topic, or the properties are not JSON, or too large.
            QuotaExceeded: this run has emitted all it may.
        """
        RUN.check(self._serial)
        name = _plain_text(topic, "the topic")
        if not names.is_topic(name):
            raise ValueError("a topic is text such as metric.vip_order")
        what = "the emitted properties"
        plain = {} if properties is None else RUN.port.plain(properties, what=what)
        if not isinstance(plain, dict):
            raise TypeError("properties are a dict")
        RUN.spend("emit", int(RUN.limits.get("emits", 0)))
        RUN.leave("emit", topic=name, properties=plain)

    def deliver(self, webhook_id: str, payload: Any) -> None:
        """Deliver a payload to a webhook of this tenant.

        Raises:
            ValueError: there is no such webhook, or the payload is not JSON, or too large.
            QuotaExceeded: this run has delivered all it may.
        """
        RUN.check(self._serial)
        name = _plain_text(webhook_id, "the webhook's id")
        if not names.is_webhook_id(name, RUN.about.get("webhooks")):
            raise ValueError("there is no webhook of this id for this function")
        plain = RUN.port.plain(payload, what="the payload")
        RUN.spend("deliver", DELIVERS_MAX)
        RUN.leave("deliver", webhook=name, payload=plain)

    def secret(self, name: str) -> str:
        """The value of a secret that this function declares; it is masked wherever it leaves.

        Raises:
            CapabilityError: the function declares no secret of that name.
            QuotaExceeded: this run has asked for secrets too often.
        """
        RUN.check(self._serial)
        asked = _name(name, "the secret's name")
        RUN.spend("secret", SECRET_CALLS_MAX)
        return str(RUN.port.call("secret", name=asked))

    def __repr__(self) -> str:
        return "<context>"
