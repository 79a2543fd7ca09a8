"""The ports that use cases of several domains need, each named for its role."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from runtime.core.events.envelope import Event

M_contra = TypeVar("M_contra", contravariant=True)


class Bus(Protocol):
    """The event bus."""

    def put(self, events: Iterable[Event]) -> None:
        """Put all events on the bus.

        Raises:
            Transient: some events may be missing; put the same events again.
        """


class Erasures(Protocol):
    """Knows who was erased."""

    def of(self, events: Sequence[Event]) -> Sequence[bool]:
        """Whether each event names somebody who was erased, or was erased itself."""


class Hints(Protocol[M_contra]):
    """A queue of hints: messages about records."""

    def send(self, messages: Iterable[M_contra], *, delay_s: int = 0) -> None:
        """Queue all messages; a worker gets them after `delay_s` seconds.

        Raises:
            Transient: some messages may be missing; send the same messages again.
        """
