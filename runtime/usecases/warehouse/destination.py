"""The port of a destination, behind which stand the lake and each vendor's warehouse."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.warehouse.plan import Lease, Load, LoadState
from runtime.core.warehouse.selection import Selection
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


class Target(Protocol):
    """What becomes of loads that have to be planned again."""

    @property
    def unseen(self) -> frozenset[LoadState]:
        """The states in which no part of a load is visible at the destination.

        A load that another version of our code planned is planned again if it is in one of these
        states; otherwise it is continued as it was planned.
        """

    def abandon(self, load: Load) -> None:
        """Delete what is kept of a load that is planned again under another id."""


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

    def go_on(
        self, load_id: str, /, *, versions: str, selection: Selection, target: Target, at: str
    ) -> None:
        """Make a load that an earlier planner has left ready to go on.

        A failed load starts over with the next attempt. A load that another version of our code, or
        another selection, planned, or whose inputs are others by now, gets a new id while no part
        of it is visible at the destination: under the old one, its files would be others.

        Args:
            load_id: the id of the load, if it were planned now.
            versions: likewise.
            selection: likewise.
            target: where it goes.
            at: ISO 8601, now.

        Raises:
            Transient: code `lease_lost`.
        """
        left = self.record
        again = replace(left, error=None, error_code=None, finished_at=None)
        if left.state is LoadState.FAILED:
            again = replace(again, state=LoadState.PLANNED, attempt=left.attempt + 1)
        if left.load_id == load_id or again.state not in target.unseen:
            self.record = again
            return
        why = "planned again by another version of our code"
        given_up = replace(left, state=LoadState.FAILED)
        self._ledger.save(self._lease, given_up.with_error(why, code="replanned", at=at))
        fresh = replace(
            again,
            load_id=load_id,
            versions=versions,
            selection=selection,
            state=LoadState.PLANNED,
            refused=(),
            attempt=1,
        )
        target.abandon(left)
        self.save(fresh)

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


class Destination(Target, Protocol):
    """Where the loads of one kind of sync go."""

    @property
    def versions(self) -> str:
        """Which version of our code fills this destination; it is part of each load's id.

        It changes when the same raw rows would be loaded differently.
        """

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:
        """Continue the load from its present state as far as possible now.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
