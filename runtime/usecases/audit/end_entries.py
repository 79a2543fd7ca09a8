"""End the entries that killed calls have left, and tell of those whose tenants were not told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from runtime.core import timestamps
from runtime.core.audit import entry as entries
from runtime.core.audit.entry import ABANDONED, ChangeOutcome, Entry
from runtime.errors import Transient
from runtime.usecases.audit.ports import Entries
from runtime.usecases.audit.tell import tell
from runtime.usecases.ports import Bus

LIMIT: Final = 1000  # entries of one shard in one sweep; the next one takes the others


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEntries:
    """Looks after entries whose call has had its time."""

    entries: Entries
    bus: Bus
    shards: Sequence[str]  # of the due index
    clock: Callable[[], datetime]

    def __call__(self) -> int:
        """End and tell of every due entry; returns of how many the tenants were told.

        Raises:
            Transient: some entries could not be read, ended or told of; all others were.
        """
        now = self.clock()
        told_count, problems = 0, []
        for shard in self.shards:
            try:
                due = list(
                    self.entries.due(shard=shard, now_ms=int(now.timestamp() * 1000), limit=LIMIT)
                )
            except Transient as problem:
                problems.append(problem)
                continue
            for entry in due:
                try:
                    told_count += self._look_after(entry, timestamps.timestamp(now))
                except Transient as problem:
                    problems.append(problem)
        if problems:
            raise problems[0]
        return told_count

    def _look_after(self, entry: Entry, now: str) -> bool:
        """End the entry if nobody has, and tell of it; whether the tenant was told."""
        if entry.outcome is ChangeOutcome.STARTED:
            entry = entries.unknown(entry, code=ABANDONED, now=now)
            if not self.entries.end(entry):
                return False  # somebody else has just ended it, and tells of it
        tell(entry, bus=self.bus, entries=self.entries)
        return True
