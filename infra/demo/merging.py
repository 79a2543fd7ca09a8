"""Lets two profiles turn out to be one person, and a function begin another's profile."""

from collections.abc import Iterator
from typing import Any, Final

from infra.demo.feed import Envelope
from infra.demo.patience import Patience
from infra.demo.setup import TRIGGER
from infra.demo.stage import Stage

ADDRESS: Final = "visitor@example.com"
CUSTOMER: Final = "visitor-1"
STRANGER: Final = "stranger-1"
VISITED: Final = "metric.visited"
EVENTS: Final = ("merging-1", "merging-2", "merging-3")


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sentence for everything about the merge that is not as it must be."""
    first, second, both = EVENTS
    stage.doors.by_bus(
        [_visit(stage, first, email=ADDRESS), _visit(stage, second, external_id=CUSTOMER)]
    )
    if not patience.until(lambda: bool(_found(stage, "email") and _found(stage, "external_id"))):
        yield "two visitors have no profiles"
        return
    apart = {_found(stage, "email")[0]["id"], _found(stage, "external_id")[0]["id"]}
    stage.doors.by_bus([_visit(stage, both, email=ADDRESS, external_id=CUSTOMER)])
    if not patience.until(lambda: _found(stage, "email") == _found(stage, "external_id") != []):
        yield "an event that names two people together did not merge their profiles"
        return
    survivor = _found(stage, "email")[0]["id"]
    path = f"/v1/profiles/{survivor}/timeline"
    if not patience.until(lambda: _merges(stage, path) == [sorted(apart - {survivor})]):
        yield f"the timeline of a merged person tells of the merges {_merges(stage, path)}"
    told = {entry["id"] for entry in stage.api.get(path, {"kind": "event"})["data"]}
    if not told.issuperset(EVENTS):
        yield f"the timeline of a merged person has the events {sorted(told)}"
    if not patience.until(lambda: bool(_notices(stage, survivor))):
        yield "nobody was told that two profiles were merged"
    yield from _stranger_problems(stage, patience)


def _stranger_problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """Invoke a function on an order of somebody whom no other event has named.

    Nobody else gets the event, so it is the function's run that begins the profile, by its name.
    """
    order = {"topic": "metric.placed_order", "properties": {"value": 10.0}}
    event = {**order, "id": "merging-stranger", "profile": {"external_id": STRANGER}}
    stage.api.post(f"/v1/functions/{TRIGGER}/invoke", {"event": event})
    query = {"external_id": STRANGER}
    if not patience.until(lambda: bool(stage.api.get("/v1/profiles", query)["data"])):
        yield "a function's run did not begin the profile of a stranger"
        return
    [profile] = stage.api.get("/v1/profiles", query)["data"]
    if profile["properties"].get("order_count") != 1:
        yield f"the profile that a function began has {profile['properties']}"


def _visit(stage: Stage, event_id: str, **names: str) -> Envelope:
    return {"id": event_id, "tenant": stage.tenant, "topic": VISITED, "profile": names}


def _found(stage: Stage, name: str) -> list[Any]:
    value = {"email": ADDRESS, "external_id": CUSTOMER}[name]
    return list(stage.api.get("/v1/profiles", {name: value})["data"])


def _merges(stage: Stage, path: str) -> list[list[str]]:
    return [entry["profile_ids"] for entry in stage.api.get(path, {"kind": "merge"})["data"]]


def _notices(stage: Stage, survivor: str) -> list[Any]:
    notices = stage.api.get("/v1/events", {"topic": "profile.merged"})["data"]
    return [notice for notice in notices if notice["properties"]["into"] == survivor]
