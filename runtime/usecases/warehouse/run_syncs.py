"""Run the syncs that messages ask for, and send the message that each needs after it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from runtime.core.warehouse import follow_up
from runtime.core.warehouse.backfill import Backfill
from runtime.core.warehouse.messages import SyncMessage
from runtime.core.warehouse.plan import Load
from runtime.core.warehouse.refresh import Refresh
from runtime.errors import PenstockError
from runtime.usecases.ports import Hints
from runtime.usecases.warehouse.sync_warehouse import BUDGET


class Sync(Protocol):
    """Runs one sync."""

    def sync_one(self, tenant: str, sync_id: str, *, trigger: str) -> tuple[Load, ...]:
        """Run it now; returns its loads: none when it is paused, or when nothing is new.

        Raises:
            PenstockError: a step failed, or the sync is deleted.
        """

    def backfill(self, tenant: str, sync_id: str, again: Backfill) -> tuple[Load, ...]:
        """Do one load of a backfill.

        Raises:
            PenstockError: a step failed, or the sync is deleted.
        """


class Anew(Protocol):
    """Makes tables of warehouses anew."""

    def __call__(self, tenant: str, sync_id: str, refresh: Refresh, /) -> tuple[Load, ...]:
        """Do one load of a refresh.

        Raises:
            PenstockError: a step failed, or the sync is deleted.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSyncs:
    """Runs syncs. A run that fails is in the ledger, and comes again by a message of our own."""

    sync: Sync
    anew: Anew
    queue: Hints[SyncMessage]
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # writes one line of the log

    def __call__(self, messages: Sequence[SyncMessage]) -> Sequence[Exception | None]:
        """Run each sync; gives for each message None, or why it must come again as it is."""
        return [self._settled(message) for message in messages]

    def _settled(self, message: SyncMessage) -> Exception | None:
        try:
            self._run(message)
        except Exception as problem:  # noqa: BLE001 - the queue decides over what nobody foresaw
            return problem
        return None

    def _run(self, message: SyncMessage) -> None:
        started = self.clock()
        try:
            loads = self._loads(message)
        except PenstockError as problem:
            delay_s = follow_up.after_error(message, problem)
            self._log(message, state="stopped", code=problem.code, reason=problem.message)
        else:
            if not loads:
                self._log(message, state="idle")  # there was nothing new, or it is paused
                return
            last, has_more = loads[-1], self.clock() - started >= BUDGET
            delay_s = follow_up.after_load(message, last, has_more=has_more)
            facts = {"state": last.state, "code": last.error_code, "reason": last.error}
            self._log(message, loads=len(loads), **facts)
        if delay_s is not None:
            again = replace(message, follow_up=message.follow_up + 1)
            self.queue.send([again], delay_s=delay_s)

    def _loads(self, message: SyncMessage) -> tuple[Load, ...]:
        tenant, sync_id = message.tenant, message.sync_id
        if message.backfill is not None:
            return self.sync.backfill(tenant, sync_id, message.backfill)
        if message.refresh is not None:
            return self.anew(tenant, sync_id, message.refresh)
        return self.sync.sync_one(tenant, sync_id, trigger=message.trigger)

    def _log(self, message: SyncMessage, **facts: Any) -> None:
        names = {"tenant": message.tenant, "sync_id": message.sync_id, "trigger": message.trigger}
        self.journal({"message": "sync.run", **names, **facts})
