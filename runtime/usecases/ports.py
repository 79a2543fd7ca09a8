"""The ports that use cases of several domains ask for, each named for its role."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from runtime.core.events.envelope import Event

M_contra = TypeVar("M_contra", contravariant=True)


class Bus(Protocol):
    """Where events land."""

    def put(self, events: Iterable[Event]) -> None:
        """Put all of them on the bus.

        Raises:
            Transient: some may be missing; the same again adds none twice.
        """


class Hints(Protocol[M_contra]):
    """A queue of hints: messages about records."""

    def send(self, messages: Iterable[M_contra], *, delay_s: int = 0) -> None:
        """Queue all of them, to be served after `delay_s` seconds.

        Raises:
            Transient: some may be missing.
        """
