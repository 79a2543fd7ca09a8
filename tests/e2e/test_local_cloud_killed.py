"""A local cloud whose processes are killed while it works: nobody has to begin again."""

import json
import os
import shutil
import signal
import threading
import time
from collections import Counter, defaultdict
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
from tests.repeats import Evidence, kill_of, superseded

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
    again: list[int] = field(default_factory=list)  # the first event of each batch sent again
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        """Begin."""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        events = [json.loads(line) for line in self.file.read_text().splitlines()]
        for start in range(0, len(events), BATCH):
            while not self._is_accepted(events[start : start + BATCH]):
                self.again.append(start)
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
    """5,000 events of a file: all received and verified, with the same key, secret and address.

    A delivery comes twice only for a reason that the cloud's own records give.
    """
    local = cloud.up(Options(), place=place, say=quiet)
    secret = _webhook(local, recorder.url("all"))
    file = tmp_path / "events.jsonl"
    file.write_text("".join(f"{json.dumps(_event(n))}\n" for n in range(EVENTS)))
    started = time.monotonic()
    producer = Producer(local, file)
    kills, logs = [], []
    for wanted in KILL_AFTER:
        recorder.wait("all", _at_least(wanted), deadline_s=PATIENCE_S)
        at_s = time.time()
        kill_all(place)
        state = tmp_path / f"state-{wanted}"
        shutil.copytree(place.state, state)
        logs.append(_log(place))
        assert Phase.HALF_DEAD is cloud.status(place).phase
        assert local == cloud.up(Options(), place=place, say=quiet)
        kills.append(kill_of(state, at_s=at_s, over_s=time.time()))
    producer.thread.join(PATIENCE_S)

    got = recorder.wait("all", _at_least(EVENTS), deadline_s=PATIENCE_S)

    verifier = Verifier(secret)
    arrivals: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for each in got:
        body = verifier.verify(each.body, dict(each.headers))
        number = body["data"]["properties"]["n"]
        arrivals[each.headers["webhook-id"], number].append(each.at_s)
    took = time.monotonic() - started
    cloud.stop(place)  # so that its log has the lines of every worker
    evidence = Evidence(
        kills=kills,
        sent_again={_id(first + n) for first in producer.again for n in range(BATCH)},
        superseded=superseded("\n".join([*logs, _log(place)])),
    )
    reasons = Counter(
        reason
        for (delivery, number), times_s in arrivals.items()
        for reason in evidence.reasons(delivery, _id(number), sorted(times_s))
    )
    print(  # noqa: T201 - what `make chaos` shows
        f"\nlocal cloud: {len(arrivals)} of {EVENTS} events verified in {took:.0f} s, "
        f"{len(KILL_AFTER)} kills, {len(producer.again)} batches sent again; repeats: "
        f"{', '.join(f'{count} because {reason}' for reason, count in reasons.items()) or 'none'}"
    )
    assert sorted(range(EVENTS)) == sorted(number for _, number in arrivals)


def _log(place: Place) -> str:
    return (place.logs / "ministack.log").read_text(encoding="utf-8", errors="replace")


def _at_least(count: int) -> Callable[[list[Request]], bool]:
    return lambda got: len({each.headers["webhook-id"] for each in got}) >= count


def _id(number: int) -> str:
    return f"evt_file_{number}"


def _event(number: int) -> dict[str, Any]:
    return {
        "id": _id(number),
        "topic": "metric.placed_order",
        "occurred_at": "2026-11-20T13:04:05.123Z",
        "properties": {"n": number},
    }


def _webhook(local: LocalCloud, url: str) -> str:
    wanted = {"name": "all", "url": url, "topics": ["metric.placed_order"]}
    headers = {"Authorization": f"Bearer {local.api_key}"}
    made = httpx.post(f"{local.api_url}/v1/webhooks", json=wanted, headers=headers, timeout=60)
    return str(made.json()["secret"])
