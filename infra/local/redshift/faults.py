"""What tests may do to the stand-in: what happens to a real warehouse now and then."""

import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

DIED: Final = "ERROR: connection to the leader node was lost"


class Death(StrEnum):
    """When the warehouse dies under a transaction, which is then reported failed."""

    BEFORE_COMMIT = "before_commit"  # nothing of it is there
    AFTER_COMMIT = "after_commit"  # all of it is there


class EventFault(StrEnum):
    """What becomes of the event that announces a statement's end; EventBridge may do each of it."""

    LOST = "lost"
    TWICE = "twice"
    LATE = "late"  # behind the next one that is announced


@dataclass(slots=True)
class Faults:
    """What happens next; each entry of a list happens once, in the list's order."""

    gate: threading.Event = field(default_factory=threading.Event)  # cleared, no statement starts
    # Operations whose next reply is lost: the service does what was asked, and answers nothing.
    lost_replies: set[str] = field(default_factory=set)
    deaths: list[Death] = field(default_factory=list)  # of the next transactions that would commit
    events: list[EventFault] = field(default_factory=list)  # of the next announcements

    def __post_init__(self) -> None:
        self.gate.set()
