"""What functions import: exceptions that end a run, and the types of a handler's arguments.

    from penstock import Context, MetricEvent, Profile

    def handler(event: MetricEvent, profile: Profile | None, context: Context) -> dict[str, str]:
        ...

Inside the sandbox the platform provides these names; the types have no content there, because
nothing checks them while a function runs. This module is for editors, for type checkers, and for a
function's own unit tests, which run as plain Python.
"""

from __future__ import annotations

from typing import Any, Protocol, TypedDict

from penstock._events import (
    EmailEvent,
    Event,
    FunctionEvent,
    FunctionNotice,
    Identifiers,
    ListEvent,
    MetricEvent,
    MonitorEvent,
    ProfileEvent,
    PushEvent,
    SegmentEvent,
    SmsEvent,
    SyncEvent,
    SyncNotice,
    UsageNotice,
    WebhookEvent,
    WebhookNotice,
)

__all__ = [
    "Answer",
    "Context",
    "DropEvent",
    "EmailEvent",
    "Event",
    "EventNotSupported",
    "FunctionEvent",
    "FunctionNotice",
    "Http",
    "HttpCall",
    "Identifiers",
    "ListEvent",
    "MetricEvent",
    "MonitorEvent",
    "Profile",
    "ProfileChanges",
    "ProfileEvent",
    "PushEvent",
    "RetryError",
    "SegmentEvent",
    "SmsEvent",
    "SyncEvent",
    "SyncNotice",
    "UsageNotice",
    "ValidationError",
    "WebhookEvent",
    "WebhookNotice",
]


class RetryError(Exception):
    """Raise it to have this event run again, by the retry schedule."""


class DropEvent(Exception):
    """Raise it if this event needs no work. The run is recorded as dropped."""


class ValidationError(Exception):
    """Raise it if this event is invalid. The run is recorded as raised, and not tried again."""


class EventNotSupported(Exception):
    """Raise it if the function does not handle this kind of event. The run counts as dropped."""


class Profile(TypedDict):
    """The `profile` argument of a handler, which is None if the event has no profile."""

    id: str  # the platform's own
    external_id: str | None  # yours; None if no event has brought one
    email: str | None  # None if no event has brought one
    phone: str | None  # None if no event has brought one
    anonymous_id: str | None  # None if no event has brought one
    properties: dict[str, Any]


class Answer(Protocol):
    """The answer to a call by `context.http`."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""

    @property
    def headers(self) -> dict[str, str]:
        """Each header's value by its name in lower case; several values are joined by ", "."""

    @property
    def content(self) -> bytes:
        """The body as bytes."""

    @property
    def text(self) -> str:
        """The body as UTF-8 text, with a replacement character in place of other bytes."""

    def json(self) -> Any:
        """The body, parsed as JSON.

        Raises:
            ValueError: it is not JSON.
        """


class HttpCall(Protocol):
    """One method of `context.http`, such as `get`."""

    def __call__(
        self,
        url: str,
        *,
        json: Any = None,
        data: str | bytes | dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Call the URL.

        The platform replaces `{{secret:NAME}}` in url, headers and body by the secret, outside the
        sandbox.

        Args:
            url: the address.
            json: a value to send as JSON.
            data: text, bytes or form fields to send instead.
            headers: each header's value by its name.
            params: query parameters to add to the URL.
            timeout: seconds to wait; None waits as long as the platform allows.

        Raises:
            Exception: the call may not be made, or it failed; the message says why.
        """


class Http(Protocol):
    """`context.http`: calls other servers."""

    @property
    def get(self) -> HttpCall:
        """Call with GET."""

    @property
    def post(self) -> HttpCall:
        """Call with POST."""

    @property
    def put(self) -> HttpCall:
        """Call with PUT."""

    @property
    def patch(self) -> HttpCall:
        """Call with PATCH."""

    @property
    def delete(self) -> HttpCall:
        """Call with DELETE."""

    @property
    def head(self) -> HttpCall:
        """Call with HEAD."""


class ProfileChanges(Protocol):
    """`context.profile`: reads the properties of the event's profile, and asks for changes."""

    @property
    def data(self) -> dict[str, Any]:
        """The properties as they were when the run began."""

    def set(self, properties: dict[str, Any] | None = None, /, **more: Any) -> None:
        """Set properties, by a dict or by keywords.

        Raises:
            ValueError: a value is not JSON, or is too large.
        """

    def unset(self, *names: str) -> None:
        """Remove properties."""


class Context(Protocol):
    """The `context` argument of a handler: what it can do for one event."""

    @property
    def tenant(self) -> str:
        """The id of the tenant that the function belongs to."""

    @property
    def function(self) -> str:
        """The function's name."""

    @property
    def run_id(self) -> str:
        """The run's id, which stays the same when an event is tried again."""

    @property
    def deadline_ms(self) -> int:
        """When the run will be stopped, in milliseconds since 1970."""

    @property
    def http(self) -> Http:
        """Calls other servers."""

    @property
    def profile(self) -> ProfileChanges:
        """Reads and changes the event's profile."""

    def log(self, message: object, /, **fields: Any) -> None:
        """Write an entry to the run's log. A field may have any name."""

    def emit(self, topic: str, properties: dict[str, Any] | None = None) -> None:
        """Emit an event about the same profile.

        Raises:
            ValueError: it is no topic, or the properties are not JSON or are too large.
        """

    def deliver(self, webhook_id: str, payload: Any) -> None:
        """Deliver a payload to a webhook of this tenant.

        Raises:
            ValueError: there is no such webhook, or the payload is not JSON or is too large.
        """

    def secret(self, name: str) -> str:
        """The value of a secret that this function declares. All that leaves the run masks it."""
