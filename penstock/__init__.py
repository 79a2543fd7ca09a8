"""What user code imports: the typed outcomes, and the types of what a handler is given.

Inside the sandbox these names come from the platform; this module gives editors and type checkers
the same picture, and lets a function's own unit tests run as plain Python.
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
    """Raise it to have this event tried again, by the retry schedule."""


class DropEvent(Exception):
    """Raise it when this event needs nothing more: it is recorded as dropped."""


class ValidationError(Exception):
    """Raise it when the event cannot be worked with: it is recorded and not tried again."""


class EventNotSupported(Exception):
    """Raise it for a kind of event that the function does not handle: recorded as dropped."""


class Profile(TypedDict):
    """The `profile` argument of a handler; None when the event has no profile."""

    id: str
    external_id: str | None
    email: str | None
    phone: str | None
    properties: dict[str, Any]


class Event(TypedDict):
    """The `event` argument of a handler."""

    id: str
    tenant: str
    topic: str
    occurred_at: str
    received_at: str
    origin: str
    hops: int
    profile: dict[str, str] | None
    properties: dict[str, Any]


class Answer(Protocol):
    """What came back from context.http."""

    status: int

    @property
    def ok(self) -> bool:
        """True below 400."""

    @property
    def headers(self) -> dict[str, str]:
        """Header names in lower case."""

    @property
    def content(self) -> bytes:
        """The body as bytes."""

    @property
    def text(self) -> str:
        """The body as text."""

    def json(self) -> Any:
        """The body as JSON."""


class HttpCall(Protocol):
    """One verb of context.http."""

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
        """Call the URL; `{{secret:NAME}}` in url, headers and body is filled in outside."""


class Http(Protocol):
    """context.http."""

    get: HttpCall
    post: HttpCall
    put: HttpCall
    patch: HttpCall
    delete: HttpCall
    head: HttpCall


class ProfileChanges(Protocol):
    """context.profile."""

    @property
    def data(self) -> dict[str, Any]:
        """The profile's properties as they were when the run began."""

    def set(self, values: dict[str, Any] | None = None, /, **more: Any) -> None:
        """Set properties."""

    def unset(self, *names: str) -> None:
        """Remove properties."""


class Context(Protocol):
    """The `context` argument of a handler."""

    tenant: str
    function: str
    run_id: str
    deadline_ms: int
    http: Http
    profile: ProfileChanges

    def log(self, message: object, **fields: Any) -> None:
        """Write to the run's log."""

    def emit(self, topic: str, properties: dict[str, Any] | None = None) -> None:
        """Emit an event."""

    def deliver(self, webhook_id: str, payload: Any) -> None:
        """Deliver a payload to a webhook of this tenant."""

    def secret(self, name: str) -> str:
        """The value of a secret that this function declares."""
