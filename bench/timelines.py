"""Measures how long a page of a person's timeline takes on the local cloud."""

import time
from collections.abc import Iterator
from typing import Any, Final

from bench.report import Row, spread
from infra.demo.patience import Patience
from infra.demo.stage import Stage

TOPIC: Final = "message.email.clicked"
PEOPLE: Final = ("timeline-1", "timeline-2", "timeline-3")  # who turn out to be one person
EVENTS_EACH: Final = 100
ADDRESS: Final = "timeline@example.com"  # by which they do
PAGE: Final = 50
CALLS: Final = 100
DEADLINE_S: Final = 120.0


class TooSlow(Exception):
    """The events were not in the timeline within the bench's deadline."""


def measure(stage: Stage) -> Iterator[Row]:
    """Send events about three profiles, merge them, and read the timeline page by page."""
    hooks = [_hook(stage, number) for number in range(2)]
    for person in PEOPLE:
        stage.api.post("/v1/events", {"events": [_event(person, n) for n in range(EVENTS_EACH)]})
    stage.api.post("/v1/events", {"events": [_joining(person) for person in PEOPLE]})
    path = _timeline(stage)
    first, later = list[float](), list[float]()
    for _ in range(CALLS // 2):
        took_ms, page = _timed(stage, path, {"limit": PAGE})
        first.append(took_ms)
        took_ms, _ = _timed(stage, path, {"limit": PAGE, "cursor": page["next_cursor"]})
        later.append(took_ms)
    for hook in hooks:
        stage.api.delete(f"/v1/webhooks/{hook}")
    for which, samples in (("first", first), ("second", later)):
        yield Row(
            what=f"the {which} page of a timeline, p50 / p99",
            value=spread(samples, unit="ms", digits=0),
            how=f"{len(samples)} calls, one at a time: {PAGE} of {len(PEOPLE) * EVENTS_EACH} events"
            f" of {len(PEOPLE)} merged profiles, each with its deliveries to {len(hooks)} webhooks",
        )


def _hook(stage: Stage, number: int) -> str:
    name = f"timeline-{number}"
    body = {"name": name, "url": stage.receiver.url(name), "topics": [TOPIC]}
    made = stage.api.post("/v1/webhooks", body)
    stage.receiver.endpoints[name].secret = made["secret"]
    return str(made["id"])


def _event(person: str, number: int) -> dict[str, Any]:
    profile = {"external_id": person}
    return {"id": f"{person}-{number}", "topic": TOPIC, "profile": profile, "properties": {}}


def _joining(person: str) -> dict[str, Any]:
    profile = {"external_id": person, "email": ADDRESS}
    return {"id": f"{person}-joins", "topic": "profile.updated", "profile": profile}


def _timeline(stage: Stage) -> str:
    """The path of the timeline, once it has all events of all three."""
    if not Patience(DEADLINE_S, check=stage.refuse_denials).until(lambda: _is_whole(stage)):
        raise TooSlow(f"not all events are in one timeline after {DEADLINE_S:.0f} s")
    (person,) = stage.api.get("/v1/profiles", {"external_id": PEOPLE[0]})["data"]
    return f"/v1/profiles/{person['id']}/timeline"


def _is_whole(stage: Stage) -> bool:
    wanted = len(PEOPLE) * (EVENTS_EACH + 1)
    for person in stage.api.get("/v1/profiles", {"external_id": PEOPLE[0]})["data"]:
        path = f"/v1/profiles/{person['id']}/timeline"
        events = stage.api.each(path, {"kind": "event"}, limit=2 * wanted)
        return sum(1 for event in events if event["topic"] != "profile.merged") == wanted
    return False


def _timed(stage: Stage, path: str, query: dict[str, Any]) -> tuple[float, Any]:
    began_s = time.perf_counter()
    page = stage.api.get(path, query)
    return (time.perf_counter() - began_s) * 1000, page
