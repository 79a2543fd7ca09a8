"""Putting events on the bus."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from runtime.core.events.envelope import SOURCE, Event
from runtime.core.json_text import dump
from runtime.errors import Transient
from runtime.stores.aws import clients as aws

if TYPE_CHECKING:
    from types_boto3_events.client import EventBridgeClient

MAX_BATCH: Final = 10  # EventBridge
MAX_BATCH_BYTES: Final = 1_000_000  # EventBridge: "less than 1 MB", all entries together
MAX_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """One event bus."""

    client: "EventBridgeClient"
    name: str

    def put(self, events: Iterable[Event]) -> None:
        """Put all events onto the bus. After an error some may be on it: put the same ones again.

        Raises:
            Transient: EventBridge did not take all of them.
        """
        for batch in _batches(self._entry(event) for event in events):
            self._put_batch(batch)

    def _put_batch(self, entries: list[Any]) -> None:
        code = ""
        for _ in range(MAX_TRIES):
            with aws.faults("put events"):
                answer = self.client.put_events(Entries=entries)
            # EventBridge answers 200 and lists the entries that it has not taken.
            refused = [entry.get("ErrorCode", "") for entry in answer["Entries"]]
            entries = [entry for entry, no in zip(entries, refused, strict=True) if no]
            if not answer["FailedEntryCount"] or not entries:
                return
            code = next(no for no in refused if no)
        raise Transient(f"the bus refused {len(entries)} events: {code}", code="aws_unavailable")

    def _entry(self, event: Event) -> Any:
        return {
            "EventBusName": self.name,
            "Source": SOURCE,
            "DetailType": event.topic,
            "Detail": dump(event.to_json()),
        }


def _batches(entries: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    room = MAX_BATCH_BYTES
    for entry in entries:
        size = sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))
        if batch and (len(batch) == MAX_BATCH or size > room):
            yield batch
            batch, room = [], MAX_BATCH_BYTES
        batch.append(entry)
        room -= size
    if batch:
        yield batch
