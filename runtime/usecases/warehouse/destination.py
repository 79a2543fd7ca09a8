"""The port of a destination: what a sync asks of the lake or of a vendor's warehouse."""

from collections.abc import Sequence
from typing import Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.warehouse.plan import Lease, Load, LoadState
from runtime.core.warehouse.sync import Sync
from runtime.errors import PenstockError


class Ledger(Protocol):
    """Remembers how far a load has come; raises Transient `lease_lost` when the lease is lost."""

    def save(self, lease: Lease, record: Load) -> None:
        """Remember how far the open load has come."""

    def finish(self, lease: Lease, record: Load) -> None:
        """Close a load and move the cursor behind it."""


class OpenLoad:
    """A load that a planner carries on: its record, which the ledger keeps step by step."""

    def __init__(self, *, ledger: Ledger, lease: Lease, record: Load) -> None:
        self.record = record
        self._ledger = ledger
        self._lease = lease

    def save(self, record: Load) -> None:
        """Keep the record of a step that is done."""
        self._ledger.save(self._lease, record)
        self.record = record

    def finish(self, record: Load) -> None:
        """Keep the record of the last step, and close the load."""
        self._ledger.finish(self._lease, record)
        self.record = record

    def note(self, problem: PenstockError, *, at: str) -> None:
        """Write down why a step has failed; the load stays where it was."""
        if problem.code == "lease_lost":
            return  # the record is the other planner's now
        record = self.record.with_error(problem.message, code=problem.code, at=at)
        self._ledger.save(self._lease, record)


class Destination(Protocol):
    """Where the loads of one kind of sync go."""

    @property
    def versions(self) -> str:
        """What our code makes of the same raw rows there; it enters the load's id."""

    @property
    def unseen(self) -> frozenset[LoadState]:
        """The states in which nobody can see anything of a load yet.

        A load that other code has planned is planned anew in these, and carried on in the others.
        """

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:
        """Carry the load as far as it can come now, from whatever state it was left in.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
