"""The typed outcomes that user code imports from `penstock`."""

from __future__ import annotations


class RetryError(Exception):
    """Try this event again, by the retry schedule."""


class DropEvent(Exception):
    """This event needs nothing more: record it as dropped."""


class ValidationError(Exception):
    """The event is not what this function can work with; it is recorded and not tried again."""


class EventNotSupported(Exception):
    """This function does not handle this kind of event: record it as dropped."""


EXPORTS = {
    kind.__name__: kind for kind in (RetryError, DropEvent, ValidationError, EventNotSupported)
}
