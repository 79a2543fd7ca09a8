"""The audit log, as the use cases need it."""

from collections.abc import Iterable
from typing import Protocol

from runtime.core.audit.entry import Entry


class Entries(Protocol):
    """Stores entries."""

    def add(self, entry: Entry) -> None:
        """Store a new entry; storing it again changes nothing."""

    def end(self, entry: Entry) -> bool:
        """Store how a change has ended; False if the entry had an end already, which stays."""

    def note_told(self, entry: Entry) -> None:
        """Store that the tenant has been told of the entry's end."""

    def due(self, *, shard: str, now_ms: int, limit: int) -> Iterable[Entry]:
        """At most `limit` entries that should have ended, and been told of, by `now_ms`."""
