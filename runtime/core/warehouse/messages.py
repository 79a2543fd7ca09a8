"""The messages of the sync queue. A message is a hint: the ledger decides what there is to load.

Most are our own. The others are the events of a warehouse that say that a statement has ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.deliveries.messages import unpack
from runtime.core.json_text import load
from runtime.core.shallow import shallow
from runtime.core.warehouse import backfill, plan, refresh
from runtime.core.warehouse.backfill import Backfill
from runtime.core.warehouse.refresh import Refresh
from runtime.errors import BadInput

SCHEDULE: Final = "schedule"  # as `trigger`: the planner has seen a slot
API: Final = "api"  # as `trigger`: somebody has asked
STATEMENT: Final = "statement"  # as `trigger`: a statement has ended, whoever asked for its load
_ENDED: Final = "statementName"  # what only the event of a statement's end has


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMessage:
    """Asks for what one sync has to load to be loaded."""

    tenant: str
    sync_id: str
    trigger: str  # who asks; the loads that begin record it
    follow_up: int = 0  # how many messages came before it, each sent by the run of the one before
    backfill: Backfill | None = None  # which raw batches to load again; None for none
    refresh: Refresh | None = None  # which table to make anew of the lake; None for none

    def to_json(self) -> dict[str, Any]:
        """The message as it stands on the queue."""
        again = None if self.backfill is None else self.backfill.to_json()
        anew = {} if self.refresh is None else {"refresh": self.refresh.to_json()}
        fields = shallow(self)
        del fields["refresh"]  # a reader of before knows no such field
        return {"v": 1, "kind": "sync", **fields, "backfill": again, **anew}

    @property
    def group(self) -> str:
        """The fair-queue group: a tenant with many syncs must not delay another's only one."""
        return self.tenant


def parse_sync(text: str) -> SyncMessage:
    """Read a message of the sync queue.

    Raises:
        BadInput: code `bad_message`: the text is neither a message of a sync, nor says that a
            statement of ours has ended.
    """
    raw = load(text, wrapped=1)
    if isinstance(raw, Mapping) and _ENDED in raw:
        return _ended(raw[_ENDED])
    fields = unpack(text, kind="sync")
    again, anew = fields.pop("backfill", None), fields.pop("refresh", None)
    _check(fields)
    try:
        return SyncMessage(
            **fields,
            backfill=None if again is None else backfill.parse(again),
            refresh=None if anew is None else refresh.parse(anew),
        )
    except TypeError as problem:
        raise BadInput(f"malformed message: {problem}", code="bad_message") from problem


def _ended(name: object) -> SyncMessage:
    """The message that the statement of a load has ended.

    The name of the installation stands before the statement's own; nobody else's events come here.
    """
    match str(name).split("/"):
        case [_, kind, tenant, sync_id, _] if f"{kind}/" == plan.STATEMENTS:
            return SyncMessage(tenant=tenant, sync_id=sync_id, trigger=STATEMENT)
        case _:
            raise BadInput(f"{name!r} names no statement of a load", code="bad_message")


def _check(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        expected = int if name == "follow_up" else str
        if type(value) is not expected:
            raise BadInput(f"must be {expected.__name__}", field=name, code="bad_message")
