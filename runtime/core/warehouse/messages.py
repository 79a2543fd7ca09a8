"""The messages of the sync queue. A message is a hint: the ledger decides what there is to load."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.deliveries.messages import unpack
from runtime.core.shallow import shallow
from runtime.errors import BadInput

SCHEDULE: Final = "schedule"  # as `trigger`: the planner has seen a slot
API: Final = "api"  # as `trigger`: somebody has asked


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMessage:
    """Asks for what one sync has to load to be loaded."""

    tenant: str
    sync_id: str
    trigger: str  # who asks; the loads that begin record it
    follow_up: int = 0  # how many messages came before it, each sent by the run of the one before

    def to_json(self) -> dict[str, Any]:
        """The message as it stands on the queue."""
        return {"v": 1, "kind": "sync", **shallow(self)}

    @property
    def group(self) -> str:
        """The fair-queue group: a tenant with many syncs must not delay another's only one."""
        return self.tenant


def parse_sync(text: str) -> SyncMessage:
    """Read a message of the sync queue.

    Raises:
        BadInput: code `bad_message`: the text is no message of a sync.
    """
    fields = unpack(text, kind="sync")
    try:
        message = SyncMessage(**fields)
    except TypeError as problem:
        raise BadInput(f"malformed message: {problem}", code="bad_message") from problem
    _check(fields)
    return message


def _check(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        expected = int if name == "follow_up" else str
        if type(value) is not expected:
            raise BadInput(f"must be {expected.__name__}", field=name, code="bad_message")
