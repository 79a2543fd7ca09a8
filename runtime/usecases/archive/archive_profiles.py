"""Write profiles into the raw log as they stand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.archive import raw_log
from runtime.core.archive.raw_log import EncodedBatch
from runtime.core.profiles.profile import Profile


class RawLog(Protocol):
    """Numbered, immutable batches."""

    def append(self, batch: EncodedBatch, *, now: datetime) -> int:
        """Store the batch; returns its arrival number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveProfiles:
    """Archives profiles as they stood after each change."""

    raw_log: RawLog
    clock: Callable[[], datetime]

    def __call__(self, profiles: Sequence[Profile]) -> int | None:
        """Archive `profiles`; returns the batch's arrival number, or None if there are no profiles.

        Their order does not matter, and archiving the same profiles again does no harm.

        Raises:
            Transient: the profiles are not archived; pass the same profiles again.
        """
        if not profiles:
            return None
        return self.raw_log.append(raw_log.encode_profiles(profiles), now=self.clock())
