"""What is worked off page by page, under a lease, whatever it does: jobs, and replays beside them.

A worker does a page and then writes the record, so that a kill in between leaves the page to the
next worker. Who is at work, and where the next page begins, stands in the record and nowhere else.
"""

from dataclasses import dataclass, replace
from typing import Final, Self, TypeVar

from runtime.core import preconditions

# How long a new one waits where what it works on may be written by somebody who does not know of it
# yet: an index may lag, and a cache of what a tenant has set up is believed for 5 s.
SETTLE_MS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Durable:
    """What a worker has to know of what it works off."""

    id: str
    tenant: str
    created_at: str  # ISO 8601
    cursor: str | None = None  # where the next page begins, in the step's words; None at the start
    finished_at: str | None = None  # ISO 8601; None until it has ended
    due_at_ms: int | None = None  # epoch ms of the next page; None while nobody is to work on it
    revision: int = 0  # grows by one with each write

    @property
    def work(self) -> str:
        """What is done for it; decides which step works on it."""
        raise NotImplementedError

    @property
    def worked(self) -> int:
        """How many records have been worked on."""
        raise NotImplementedError

    @property
    def is_running(self) -> bool:
        """Whether a worker has to go on with it."""
        return self.due_at_ms is not None

    @property
    def etag(self) -> str:
        """The ETag of what callers see: how a worker goes about it does not count."""
        return preconditions.etag(self.as_seen())

    def as_seen(self) -> Self:
        """The record without what only workers know."""
        return replace(self, cursor=None, due_at_ms=None, revision=0)


D = TypeVar("D", bound=Durable)


def leased(record: D, *, until_ms: int) -> D:
    """The record with its next page put off until then; one that has ended stays so."""
    return replace(record, due_at_ms=until_ms) if record.is_running else record
