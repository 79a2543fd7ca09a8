"""The exceptions that user code imports from `penstock`, to end a run."""

from __future__ import annotations

from typing import Final


class RetryError(Exception):
    """Raise it to have this event run again, by the retry schedule."""


class DropEvent(Exception):
    """Raise it if this event needs no work. The run is recorded as dropped."""


class ValidationError(Exception):
    """Raise it if this event is invalid. The run is recorded as raised, and not tried again."""


class EventNotSupported(Exception):
    """Raise it if the function does not handle this kind of event. The run counts as dropped."""


EXPORTS: Final = {
    kind.__name__: kind for kind in (RetryError, DropEvent, ValidationError, EventNotSupported)
}
