"""The ports that use cases of several domains need, each named for its role."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from runtime.core.events.envelope import Event

if TYPE_CHECKING:  # what has nothing to do with people does not import them
    from runtime.core.page import Page
    from runtime.core.profiles.identity import Draft
    from runtime.core.profiles.names import Named, NameRules
    from runtime.core.timeline.entry import Entry, Selection
    from runtime.core.warehouse.plan import Lease

M_contra = TypeVar("M_contra", contravariant=True)


class Bus(Protocol):
    """The event bus."""

    def put(self, events: Iterable[Event]) -> None:
        """Put all events on the bus.

        Raises:
            Transient: some events may be missing; put the same events again.
        """


class Quota(Protocol):
    """A quota of each tenant, of one thing a day."""

    def __call__(self, tenant: str, /, *, count: int) -> int:
        """Count so many more of today's; returns how many of them are within the quota.

        Raises:
            Transient: they may be counted, or not.
        """


def no_quota(_tenant: str, /, *, count: int) -> int:
    """Let every tenant use as much as it likes."""
    return count


class Drafts(Protocol):
    """Finds the people whom events are about."""

    def rules(self, tenant: str) -> "NameRules":
        """What may be a name in this tenant."""

    def draft(
        self, tenant: str, events: "Sequence[tuple[Event, Named]]", *, again: bool = False
    ) -> "Draft":
        """A draft of the people whom these events are about; `again` believes nothing kept."""


class Erasures(Protocol):
    """Knows who was erased."""

    def of(self, events: Sequence[Event]) -> Sequence[bool]:
        """Whether each event names somebody who was erased, or was erased itself."""


class TimelineEntries(Protocol):
    """Stores the entries of timelines."""

    def put(self, timeline: "Iterable[Entry]", /) -> None:
        """Store entries; the same entry again changes nothing.

        Raises:
            Transient: some of them may not be stored.
        """


class TimelinePages(Protocol):
    """Lists the entries of timelines."""

    def page(
        self,
        tenant: str,
        profile_ids: Sequence[str],
        selection: "Selection",
        /,
        *,
        after: str | None = None,
        limit: int = 50,
    ) -> "Page[Entry]":
        """A page of one person's timelines, newest first."""


class Hints(Protocol[M_contra]):
    """A queue of hints: messages about records."""

    def send(self, messages: Iterable[M_contra], *, delay_s: int = 0) -> None:
        """Queue all messages; a worker gets them after `delay_s` seconds.

        Raises:
            Transient: some messages may be missing; send the same messages again.
        """


class SyncLeases(Protocol):
    """The right to change what a sync has written."""

    def acquire(self, tenant: str, sync_id: str, *, now_ms: int, lease_ms: int) -> "Lease":
        """Get it.

        Raises:
            Transient: code `sync_busy`: somebody has it.
        """

    def release(self, lease: "Lease") -> None:
        """Give it back."""
