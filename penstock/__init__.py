"""What functions import: exceptions that end a run, and the types of a handler's arguments.

Inside the sandbox the platform provides these names. This module is for editors, for type checkers,
and for a function's own unit tests, which run as plain Python.
"""

from __future__ import annotations

from typing import Any, Protocol, TypedDict

__all__ = [
    "Answer",
    "Context",
    "DropEvent",
    "Event",
    "EventNotSupported",
    "Http",
    "Profile",
    "ProfileChanges",
    "RetryError",
    "ValidationError",
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
    properties: dict[str, Any]


class Event(TypedDict):
    """The `event` argument of a handler."""

    id: str
    tenant: str
    topic: str  # such as `metric.placed_order`
    occurred_at: str  # RFC 3339: when it happened, as the producer says
    received_at: str  # RFC 3339: when the platform received it
    origin: str  # where it came from: `api`, `bus`, `function`, `import` or `system`
    hops: int  # how many functions, one after another, have led to it
    profile: dict[str, str] | None  # its identifiers; None if the event is about nobody
    properties: dict[str, Any]


class Answer(Protocol):
    """The answer to a call by `context.http`."""

    status: int

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""

    @property
    def headers(self) -> dict[str, str]:
        """Each header's value, by its name in lower case."""

    @property
    def content(self) -> bytes:
        """The body as bytes."""

    @property
    def text(self) -> str:
        """The body as text."""

    def json(self) -> Any:
        """The body, parsed as JSON."""


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
        """


class Http(Protocol):
    """`context.http`: calls other servers."""

    get: HttpCall
    post: HttpCall
    put: HttpCall
    patch: HttpCall
    delete: HttpCall
    head: HttpCall


class ProfileChanges(Protocol):
    """`context.profile`: reads and changes the profile's properties."""

    @property
    def data(self) -> dict[str, Any]:
        """The properties as they were when the run began."""

    def set(self, values: dict[str, Any] | None = None, /, **others: Any) -> None:
        """Set properties."""

    def unset(self, *names: str) -> None:
        """Remove properties."""


class Context(Protocol):
    """The `context` argument of a handler."""

    tenant: str
    function: str
    run_id: str
    deadline_ms: int  # when the run will be stopped, in milliseconds since the epoch
    http: Http
    profile: ProfileChanges

    def log(self, message: object, **fields: Any) -> None:
        """Write an entry to the run's log."""

    def emit(self, topic: str, properties: dict[str, Any] | None = None) -> None:
        """Emit an event about the same profile."""

    def deliver(self, webhook_id: str, payload: Any) -> None:
        """Deliver a payload to a webhook of this tenant."""

    def secret(self, name: str) -> str:
        """The value of a secret that this function declares."""
