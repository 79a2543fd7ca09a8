"""Sends events in batches, and says how to go on after it broke off."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cli._errors import CommandFailed, WrongUsage
from cli._progress import progress
from cli.client import Client

BATCH: Final = 100
MAX_BATCH_BYTES: Final = 4_000_000  # a Function URL takes 6 MB, and base64 may be in between
_PLACE: Final = re.compile(r"([1-9][0-9]{0,8})-([0-9a-f]{16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in its events a sending begins."""

    number: int  # of the first event to send, from 1
    # Makes the ids of events that have none. The same seed makes the same ids, so an event that is
    # sent again after a lost answer is not another event.
    seed: str

    def __str__(self) -> str:
        return f"{self.number}-{self.seed}"


def beginning() -> Place:
    """The first event of a sending that nobody has begun before."""
    return Place(number=1, seed=secrets.token_hex(8))


def parse(text: str) -> Place:
    """The place that `--resume` names.

    Raises:
        WrongUsage: code `bad_resume`.
    """
    match = _PLACE.fullmatch(text)
    if match is None:
        raise WrongUsage(
            "--resume takes what the command has named when it broke off, such as"
            " 3001-0123456789abcdef",
            code="bad_resume",
        )
    return Place(number=int(match[1]), seed=match[2])


@dataclass(slots=True, kw_only=True)
class Sending:
    """Some events on their way, and what the API has said of them so far."""

    events: Sequence[Any]
    place: Place  # where it goes on
    accepted: list[Any] = field(default_factory=list)
    rejected: list[Any] = field(default_factory=list)  # with `index`, the event's place from 0

    def run(self, api: Client) -> None:
        """Send the events from the place on; a terminal shows how many have been sent.

        Raises:
            CommandFailed: the API did not take a batch; `place` is where to go on.
        """
        rest = self.events[self.place.number - 1 :]
        with progress("sending", total=len(rest)) as work:
            for batch in self._batches(rest):
                self._add(_answer(api, batch))
                self.place = Place(number=self.place.number + len(batch), seed=self.place.seed)
                work.advance(len(batch))

    def _add(self, answer: Any) -> None:
        before = self.place.number - 1
        self.accepted += answer["accepted"]
        self.rejected += [{**no, "index": no["index"] + before} for no in answer["rejected"]]

    def _batches(self, events: Sequence[Any]) -> Iterator[list[Any]]:
        batch: list[Any] = []
        room = MAX_BATCH_BYTES
        for number, raw in enumerate(events, self.place.number):
            event = self._with_id(raw, number)
            size = len(json.dumps(event))
            if batch and (len(batch) == BATCH or size > room):
                yield batch
                batch, room = [], MAX_BATCH_BYTES
            batch.append(event)
            room -= size
        if batch:
            yield batch

    def _with_id(self, event: Any, number: int) -> Any:
        if isinstance(event, dict) and event.get("id") is None:
            digest = hashlib.sha256(f"{self.place.seed}#{number}".encode()).hexdigest()
            return {**event, "id": f"evt_{digest[:32]}"}
        return event


def _answer(api: Client, batch: list[Any]) -> Any:
    try:
        return api.post("/v1/events", {"events": batch})
    except CommandFailed as refusal:
        if "rejected" not in refusal.details:
            raise
        # The API rejects all events of this batch; the batches after it are sent all the same.
        return {"accepted": [], "rejected": refusal.details["rejected"]}
