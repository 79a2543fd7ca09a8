"""The port of a destination, behind which stand the lake and each vendor's warehouse."""

from collections.abc import Sequence
from typing import Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.warehouse.plan import Lease, Load, LoadState
from runtime.core.warehouse.sync import Sync
from runtime.errors import PenstockError


class Ledger(Protocol):
    """Stores how far a load has come.

    Every call raises Transient with code `lease_lost` when another planner has taken the lease.
    """

    def save(self, lease: Lease, record: Load) -> None:
        """Store how far the open load has come."""

    def finish(self, lease: Lease, record: Load) -> None:
        """Store the last record of a load, close it, and move the sync's cursor behind it."""


class OpenLoad:
    """A load that is under way. The ledger stores its record after each step."""

    def __init__(self, *, ledger: Ledger, lease: Lease, record: Load) -> None:
        self.record = record
        self._ledger = ledger
        self._lease = lease

    def save(self, record: Load) -> None:
        """Store the record after a step.

        Raises:
            Transient: code `lease_lost`.
        """
        self._ledger.save(self._lease, record)
        self.record = record

    def finish(self, record: Load) -> None:
        """Store the record after the last step, and close the load.

        Raises:
            Transient: code `lease_lost`.
        """
        self._ledger.finish(self._lease, record)
        self.record = record

    def note(self, problem: PenstockError, *, at: str) -> None:
        """Store why a step failed; the load stays in the state before that step.

        Raises:
            Transient: code `lease_lost`.
        """
        if problem.code == "lease_lost":
            return  # the record belongs to another planner now
        record = self.record.with_error(problem.message, code=problem.code, at=at)
        self._ledger.save(self._lease, record)


class Destination(Protocol):
    """Where the loads of one kind of sync go."""

    @property
    def versions(self) -> str:
        """Which version of our code fills this destination; it is part of each load's id.

        It changes when the same raw rows would be loaded differently.
        """

    @property
    def unseen(self) -> frozenset[LoadState]:
        """The states in which no part of a load is visible at the destination.

        A load that another version of our code planned is planned again if it is in one of these
        states; otherwise it is continued as it was planned.
        """

    def abandon(self, load: Load) -> None:
        """Delete what is kept of a load that is planned again under another id."""

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:
        """Continue the load from its present state as far as possible now.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
