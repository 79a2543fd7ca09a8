"""Says why a delivery came twice, from what a killed cloud has left behind.

There are two reasons, and a repeat without one is a fault. The worker that made the attempt was
killed before the attempt was on record. Or there were two hints of one attempt, because its event
was matched twice, and two workers served them before either attempt was on record.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from infra.local.ministack_journal import Journal
from infra.local.ministack_stores import MESSAGE

HIDDEN_S: Final = 60.0  # how long a message is hidden from others when a worker has received it
WORKER_S: Final = 55.0  # the longest that `deliver` works on a batch


class Reason(StrEnum):
    """Why an attempt was made again."""

    KILLED = "its worker was killed before the attempt was on record"
    TWO_HINTS = "its event was matched twice, and two workers served the two hints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What every process of a cloud was doing when all of them were killed."""

    at_s: float  # when they were killed, in seconds since 1970
    over_s: float  # when nothing ran any more that had been started before, likewise
    # The deliveries whose hints a worker had, by id: when it received them, in seconds since 1970.
    attempted: Mapping[str, float]
    matched: Collection[str]  # the ids of the events that a worker was matching


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a cloud and its producer have written down."""

    kills: Sequence[Kill]
    sent_again: Collection[str]  # ids of the events that the producer sent more than once
    # Ids of the deliveries of which an attempt was not put on record, since another one was.
    superseded: Collection[str]

    def reasons(self, delivery: str, event: str, arrivals_s: Sequence[float]) -> list[Reason]:
        """Why each arrival of a delivery but the first came to be.

        Args:
            delivery: its id.
            event: the id of its event.
            arrivals_s: when it came, in seconds since 1970, in order.

        Raises:
            AssertionError: one of them has no reason.
        """
        return [
            self._reason(delivery, event, before, after) for before, after in pairwise(arrivals_s)
        ]

    def _reason(self, delivery: str, event: str, before_s: float, after_s: float) -> Reason:
        for kill in self.kills:
            received_s = kill.attempted.get(delivery)
            is_under_way = received_s is not None and received_s <= before_s <= kill.over_s
            if is_under_way and kill.at_s < after_s:
                return Reason.KILLED
        is_matched_twice = event in self.sent_again or any(
            event in kill.matched for kill in self.kills
        )
        is_overlapping = delivery in self.superseded and after_s - before_s <= WORKER_S
        if is_matched_twice and is_overlapping:
            return Reason.TWO_HINTS
        raise AssertionError(
            f"{delivery} of {event} came again after {after_s - before_s:.2f} s without a reason: "
            f"matched twice {is_matched_twice}, superseded {delivery in self.superseded}, "
            f"came first at {before_s:.2f}, killed at {[each.at_s for each in self.kills]}"
        )


def kill_of(state: Path, *, at_s: float, over_s: float) -> Kill:
    """What the workers of a killed cloud had received and not acknowledged.

    Args:
        state: a copy of what its emulator kept, from before it was started again.
        at_s: when it was killed, in seconds since 1970.
        over_s: when nothing of it ran any more, likewise.
    """
    journal = Journal(file=state / "journal.sqlite")
    try:
        messages = list(_held(journal, at_s))
    finally:
        journal.close()
    return Kill(
        at_s=at_s,
        over_s=over_s,
        attempted={
            json.loads(message["body"])["delivery_id"]: message["visible_at"] - HIDDEN_S
            for queue, message in messages
            if "-DeliverQueue-" in queue or "-SlowQueue-" in queue
        },
        matched={
            json.loads(message["body"])["detail"]["id"]
            for queue, message in messages
            if "-MatchQueue-" in queue
        },
    )


def _held(journal: Journal, at_s: float) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The queue of each message that a worker has, and the message."""
    for queue, _, message in journal.kept(MESSAGE):
        if message["receive_count"] and message["visible_at"] > at_s:
            yield queue, message


def superseded(log: str) -> set[str]:
    """The ids of the deliveries of which an attempt was not put on record, by the workers' lines.

    Args:
        log: what a cloud's emulator has written, with the lines of the functions.
    """
    lines = (json.loads(line) for line in log.splitlines() if '"superseded"' in line)
    return {line["delivery_id"] for line in lines}
