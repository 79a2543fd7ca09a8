"""The seldom-used parts: what the orders alone would never touch, each used once and checked."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx

from infra.demo.feed import MARKED_CUSTOMER, Envelope
from infra.demo.patience import Patience
from infra.demo.receiver import GONE
from infra.demo.setup import TRANSFORM
from infra.demo.stage import Stage

GIFT: Final = "segment.entered"
LEFT: Final = "segment.left"
BULKY: Final = "message.email.received"
BULK_CHARS: Final = 70_000  # above Redshift's longest text, below the bus's largest event
# The platform's own: disabled, and twice enabled by hand and disabled by the next 410.
SINGLE, REPLAYED = 2, 3  # the 410s heard after each chance
NOTICES: Final = 5
EVENTS: Final = 3 + NOTICES
TRANSFORM_RUNS: Final = 1
ANSWER_S: Final = 30
LISTED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """The two webhooks that only this act uses, and what was wrong at once."""

    gone: str
    gifts: str
    problems: tuple[str, ...]


def make(stage: Stage) -> Corner:
    """Make two webhooks, the first twice, as after a lost answer."""
    first, again = _make_twice(stage, {"name": GONE, "url": stage.receiver.url(GONE)})
    stage.receiver.endpoints[GONE].secret = first["secret"]
    gifts = stage.api.post(
        "/v1/webhooks",
        {
            "name": "gifts",
            "url": stage.receiver.url("gifts"),
            "topics": [GIFT],
            "transform": TRANSFORM,
        },
    )
    return Corner(
        gone=first["id"],
        gifts=gifts["id"],
        problems=() if first == again else ("one request sent twice made two webhooks",),
    )


def send(stage: Stage, corner: Corner, patience: Patience) -> list[str]:
    """An event for each webhook, long after these were made, and one too large for Redshift.

    The endpoint that is gone is then given two more chances: what it has refused is sent again,
    first by itself and then by a replay.
    """
    stage.doors.by_bus(
        [
            _event(stage, "gift", topic=GIFT, properties={"order_id": "0", "value": 0}),
            _event(stage, "left", topic=LEFT, properties={}),
            _event(stage, "bulky", topic=BULKY, properties={"body": "x" * BULK_CHARS}),
        ]
    )
    path = f"/v1/webhooks/{corner.gone}"
    if not patience.until(lambda: _refused(stage, corner) == 1):
        return ["the webhook whose receiver answered 410 was not disabled"]
    [refused] = stage.api.get("/v1/deliveries", {"webhook": corner.gone})["data"]
    stage.api.post(f"{path}/enable")
    stage.api.post(f"/v1/deliveries/{refused['id']}/retry")
    if not patience.until(lambda: _refused(stage, corner) == SINGLE):
        return ["the delivery that was answered 410 was not retried and answered so again"]
    stage.api.post(f"{path}/enable")
    stage.api.post(f"{path}/replay", {"statuses": ["dead"]})
    return []


def problems(stage: Stage, corner: Corner, patience: Patience) -> Iterator[str]:
    """What did not come to its proper end."""
    yield from corner.problems
    api = stage.api
    if not patience.until(lambda: _refused(stage, corner) == REPLAYED):
        yield "the delivery that was answered 410 was not replayed and answered so again"
    mine = api.get("/v1/deliveries", {"webhook": corner.gifts})["data"]
    if [one["status"] for one in mine] != ["dropped"]:
        yield f"the gift that the transform drops ended as {mine}"
    newest = api.get("/v1/deliveries", {"limit": 1})["data"]
    shown = [api.get(f"/v1/deliveries/{one['id']}")["id"] for one in newest]
    if shown != [one["id"] for one in newest] or not shown:
        yield "the newest delivery cannot be shown"
    profiles = stage.warehouse.query(
        "SELECT profile_id FROM {profiles} WHERE external_id = :name", name=MARKED_CUSTOMER
    )
    names = [api.get(f"/v1/profiles/{profile[0]}")["external_id"] for profile in profiles]
    if names != [MARKED_CUSTOMER]:
        yield f"the marked customer's profile shows as {names}"
    api.delete(f"/v1/webhooks/{corner.gone}")
    if corner.gone in [each["id"] for each in api.each("/v1/webhooks", limit=LISTED)]:
        yield "a deleted webhook is still listed"


def _refused(stage: Stage, corner: Corner) -> int:
    """How often the endpoint has answered 410 and its webhook is off because of it."""
    heard = [one.tries for one in stage.receiver.endpoints[GONE].heard.values()]
    return 0 if stage.api.get(f"/v1/webhooks/{corner.gone}")["enabled"] else sum(heard)


def _make_twice(stage: Stage, settings: dict[str, Any]) -> tuple[Any, Any]:
    # By hand: the client draws a new key for each call, and this is one call whose answer got lost.
    first, again = (
        httpx.post(
            f"{stage.local.api_url}/v1/webhooks",
            headers={"authorization": f"Bearer {stage.local.api_key}", "idempotency-key": key},
            json={**settings, "topics": [LEFT]},
            timeout=ANSWER_S,
            trust_env=False,
        )
        for key in [uuid.uuid4().hex] * 2
    )
    return first.raise_for_status().json(), again.raise_for_status().json()


def _event(stage: Stage, name: str, *, topic: str, properties: dict[str, Any]) -> Envelope:
    return {
        "id": f"corner-{name}",
        "tenant": stage.tenant,
        "topic": topic,
        "profile": {"external_id": MARKED_CUSTOMER},
        "properties": properties,
    }
