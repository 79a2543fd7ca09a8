"""`context`: what a handler can do for one event. The parent carries all of it out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from . import names, values
from .http import Http
from .quotas import (
    MASKING_ROOM,
    MAX_DELIVERS,
    MAX_LOG_KEY_CHARS,
    MAX_LOG_MESSAGE_CHARS,
    MAX_PROFILE_CHANGES,
    MAX_SECRET_CALLS,
)
from .run import RUN, QuotaExceeded, StaleContext

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RUN", "Context", "Profile", "QuotaExceeded", "StaleContext", "begin", "log"]

_MAX_TEXT_CHARS: Final = MAX_LOG_MESSAGE_CHARS * MASKING_ROOM
_ENTRY_BYTES: Final = 16  # that an entry counts for, besides its texts
_FIELD_BYTES: Final = 24  # that a field counts for, besides its text; no number is longer


def begin(message: Mapping[str, Any]) -> Context:
    """Begin a new event, and give its context; `message` is the parent's `run` frame."""
    return Context(message, RUN.begin())


def log(message: Any, fields: Mapping[str, Any]) -> None:
    """Write one log entry. Beyond the run's budget it is cut, and never an error."""
    budget = int(RUN.limits.get("log_bytes", 0))
    if RUN.log_bytes > budget:
        return
    text = _text(message)
    RUN.log_bytes += len(text) + _ENTRY_BYTES
    sent_fields = _fields(fields, budget - RUN.log_bytes) if fields else {}
    RUN.port.send("log", message=text, fields=sent_fields)


def _fields(fields: Mapping[str, Any], room: int) -> dict[str, Any]:
    sent_fields: dict[str, Any] = {}
    for count, (key, value) in enumerate(fields.items()):
        name = _text(key)[: MAX_LOG_KEY_CHARS * MASKING_ROOM]
        field, size = _field(value)
        room -= size + len(name)
        if room < 0:
            sent_fields["..."] = f"{len(fields) - count} more, cut: the log is full"
            break
        sent_fields[name] = field
        RUN.log_bytes += size + len(name)
    return sent_fields


def _field(value: Any) -> tuple[Any, int]:
    """The part of a field's value that is sent, and how many bytes of the log it takes."""
    if isinstance(value, str):
        return _text_field(value)
    try:
        json_value = RUN.port.plain(value, what="a field")
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a user's class may raise anything; its text is logged then
        return _text_field(value)
    size = len(json.dumps(json_value))
    return (json_value, size) if size <= MAX_LOG_MESSAGE_CHARS else ("<too large to log>", 20)


def _text_field(value: Any) -> tuple[str, int]:
    text = _text(value)
    # The parent keeps the first half of the text, and a frame must hold all of it.
    kept_bytes = len(json.dumps(text[:MAX_LOG_MESSAGE_CHARS]))
    return text, max(kept_bytes, len(json.dumps(text)) // MASKING_ROOM)


def _text(value: Any) -> str:
    try:
        text = values.shown(value)
    except RecursionError:
        return "<too deep to show>"
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
        return "<its text could not be made>"
    return values.without_surrogates(text[:_MAX_TEXT_CHARS])


def _plain_text(value: Any, what: str) -> Any:
    return RUN.port.plain(value, what=what) if isinstance(value, str) else value


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is text, not {type(value).__name__}")
    name: str = RUN.port.plain(value, what=what)
    return name


class Profile:
    """`context.profile`: reads the profile's properties, and asks for changes."""

    __slots__ = ("_data", "_serial")

    def __init__(self, data: Mapping[str, Any] | None, serial: int) -> None:
        self._data = data
        self._serial = serial

    @property
    def data(self) -> dict[str, Any]:
        """The properties as they were when the run began."""
        properties = (self._data or {}).get("properties")
        return dict(properties) if isinstance(properties, dict) else {}

    def set(self, properties: dict[str, Any] | None = None, /, **more: Any) -> None:
        """Set properties, by a dict or by keywords.

        Raises:
            ValueError: a value is not JSON, or is too large.
            QuotaExceeded: this run may make no more changes.
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
        RUN.spend("profile", MAX_PROFILE_CHANGES)
        RUN.leave("profile", set=to_set, unset=unset)

    def __repr__(self) -> str:
        return "<context.profile>"


class Context:
    """The `context` argument of a handler.

    Each event gets a new one, and most use little of it. So its attributes are made when they are
    read.
    """

    __slots__ = ("_message", "_serial")

    def __init__(self, message: Mapping[str, Any], serial: int) -> None:
        self._message = message
        self._serial = serial

    @property
    def tenant(self) -> str | None:
        """The id of the tenant that the function belongs to."""
        return RUN.about.get("tenant")

    @property
    def function(self) -> str | None:
        """The function's name."""
        return RUN.about.get("function")

    @property
    def run_id(self) -> str | None:
        """The run's id, which stays the same when an event is tried again."""
        return self._message.get("run_id")

    @property
    def deadline_ms(self) -> int | None:
        """When the run will be stopped, in milliseconds since 1970."""
        return self._message.get("deadline_ms")

    @property
    def http(self) -> Http:
        """Calls other servers."""
        return Http(self._serial)

    @property
    def profile(self) -> Profile:
        """Reads and changes the event's profile."""
        return Profile(self._message.get("profile"), self._serial)

    def log(self, /, *message: Any, **fields: Any) -> None:
        """Write to the run's log: `log(message, **fields)`. A field may have any name."""
        RUN.check(self._serial)
        if not message and "message" in fields:
            message = (fields.pop("message"),)
        if len(message) != 1:
            raise TypeError("log() takes one message; what else there is goes by name: log(m, n=1)")
        log(message[0], fields)

    def emit(self, topic: str, properties: dict[str, Any] | None = None) -> None:
        """Emit an event with this topic.

        Raises:
            ValueError: it is no topic, or the properties are not JSON or are too large.
            QuotaExceeded: this run may emit no more events.
        """
        RUN.check(self._serial)
        name = _plain_text(topic, "the topic")
        if not names.is_topic(name):
            raise ValueError("a topic is text such as metric.vip_order")
        what = "the emitted properties"
        json_properties = {} if properties is None else RUN.port.plain(properties, what=what)
        if not isinstance(json_properties, dict):
            raise TypeError("properties are a dict")
        RUN.spend("emit", int(RUN.limits.get("emits", 0)))
        RUN.leave("emit", topic=name, properties=json_properties)

    def deliver(self, webhook_id: str, payload: Any) -> None:
        """Deliver a payload to a webhook of this tenant.

        Raises:
            ValueError: there is no such webhook, or the payload is not JSON or is too large.
            QuotaExceeded: this run may deliver no more.
        """
        RUN.check(self._serial)
        name = _plain_text(webhook_id, "the webhook's id")
        if not names.is_webhook_id(name, RUN.about.get("webhooks")):
            raise ValueError("there is no webhook of this id for this function")
        json_payload = RUN.port.plain(payload, what="the payload")
        RUN.spend("deliver", MAX_DELIVERS)
        RUN.leave("deliver", webhook=name, payload=json_payload)

    def secret(self, name: str) -> str:
        """The value of a secret that this function declares. All that leaves the run masks it.

        Raises:
            CapabilityError: the function declares no secret with that name.
            QuotaExceeded: this run may read no more secrets.
        """
        RUN.check(self._serial)
        secret_name = _name(name, "the secret's name")
        RUN.spend("secret", MAX_SECRET_CALLS)
        return str(RUN.port.call("secret", name=secret_name))

    def __repr__(self) -> str:
        return "<context>"
