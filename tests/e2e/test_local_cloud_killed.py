"""A local cloud whose processes are killed while it works: nobody has to begin again."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from infra.local import cloud
from infra.local.cloud import Options
from infra.local.place import Place
from infra.local.state import LocalCloud, Phase
from tests.e2e.recorder import Recorder, Request

EVENTS: Final = 5_000
BATCH: Final = 100
KILL_AFTER: Final = (1_000, 3_500)  # deliveries that have come when everything is killed
PATIENCE_S: Final = 900.0  # for all of them, on a machine that does other things, too


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A folder for a cloud of this test alone."""
    made = Place(tmp_path / "cloud")
    yield made
    cloud.down(made)


def quiet(_line: str) -> None:
    """The log of a cloud that does not come up is in the error."""


def kill_all(place: Place) -> None:
    """End every process of a cloud, and what it has started, without a word."""
    for each in cloud.status(place).processes:
        os.kill(each.pid, signal.SIGKILL)
    while any(each.alive for each in cloud.status(place).processes):
        threading.Event().wait(0.01)


@dataclass
class Producer:
    """Sends a file of events, in batches, and a batch again until it is accepted."""

    local: LocalCloud
    file: Path
    again: int = 0  # batches that had to be sent again
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        """Begin."""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        events = [json.loads(line) for line in self.file.read_text().splitlines()]
        for start in range(0, len(events), BATCH):
            while not self._is_accepted(events[start : start + BATCH]):
                self.again += 1
                threading.Event().wait(0.2)

    def _is_accepted(self, batch: list[Any]) -> bool:
        headers = {"Authorization": f"Bearer {self.local.api_key}"}
        url = f"{self.local.api_url}/v1/events"
        try:
            answer = httpx.post(url, json={"events": batch}, headers=headers, timeout=60)
        except httpx.TransportError:
            return False
        return answer.status_code < 300


@pytest.mark.chaos
def test_everything_is_delivered_though_everything_is_killed_in_the_middle(
    place: Place, recorder: Recorder, tmp_path: Path
) -> None:
    """5,000 events of a file: all received and verified, with the same key, secret and address."""
    local = cloud.up(Options(), place=place, say=quiet)
    secret = _webhook(local, recorder.url("all"))
    file = tmp_path / "events.jsonl"
    file.write_text("".join(f"{json.dumps(_event(n))}\n" for n in range(EVENTS)))
    started = time.monotonic()
    producer = Producer(local, file)
    for wanted in KILL_AFTER:
        recorder.wait("all", _at_least(wanted), deadline_s=PATIENCE_S)
        kill_all(place)
        assert Phase.HALF_DEAD is cloud.status(place).phase
        assert local == cloud.up(Options(), place=place, say=quiet)
    producer.thread.join(PATIENCE_S)

    got = recorder.wait("all", _at_least(EVENTS), deadline_s=PATIENCE_S)

    verifier = Verifier(secret)
    bodies = [verifier.verify(each.body, dict(each.headers)) for each in got]
    ids = {body["data"]["properties"]["n"] for body in bodies}
    deliveries = Counter(each.headers["webhook-id"] for each in got)
    twice = [each for each, count in deliveries.items() if count > 1]
    took = time.monotonic() - started
    print(  # noqa: T201 - what `make chaos` shows
        f"\nlocal cloud: {len(ids)} of {EVENTS} events verified in {took:.0f} s, "
        f"{len(KILL_AFTER)} kills, {producer.again} batches sent again, "
        f"{len(twice)} deliveries came twice"
    )
    assert set(range(EVENTS)) == ids
    assert EVENTS == len(deliveries)


def _at_least(count: int) -> Callable[[list[Request]], bool]:
    return lambda got: len({each.headers["webhook-id"] for each in got}) >= count


def _event(number: int) -> dict[str, Any]:
    return {
        "id": f"evt_file_{number}",
        "topic": "metric.placed_order",
        "occurred_at": "2026-11-20T13:04:05.123Z",
        "properties": {"n": number},
    }


def _webhook(local: LocalCloud, url: str) -> str:
    wanted = {"name": "all", "url": url, "topics": ["metric.placed_order"]}
    headers = {"Authorization": f"Bearer {local.api_key}"}
    made = httpx.post(f"{local.api_url}/v1/webhooks", json=wanted, headers=headers, timeout=60)
    return str(made.json()["secret"])
