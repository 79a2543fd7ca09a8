"""The seldom-used parts: what the orders alone would never touch, each used once and checked."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from infra.demo.feed import MARKED_CUSTOMER, Envelope
from infra.demo.patience import Patience
from infra.demo.setup import TRANSFORM
from infra.demo.stage import Stage

GIFT: Final = "segment.entered"
LEFT: Final = "segment.left"
UNUSED: Final = "message.push.opened"
BULKY: Final = "message.email.received"
BULK_CHARS: Final = 70_000  # above Redshift's longest text, below the bus's largest event
EVENTS: Final = 3
TRANSFORM_RUNS: Final = 1
ANSWER_S: Final = 30
LISTED: Final = 100
LIMITED: Final = "limited"
SLOW_S: Final = 2.5  # then it is known as slow, and what comes again takes the slow lane
COPIES: Final = "copies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """The webhooks that only this act uses: a slow one with limits, one for a replay, one of gifts.

    `problems` is what was wrong at once.
    """

    limited: str
    copies: str
    gifts: str
    problems: tuple[str, ...]


def make(stage: Stage) -> Corner:
    """Make the webhooks, the first of them twice, as after a lost answer.

    They come before any event: a warm matcher may take two seconds to hear of a new one.
    """
    limits = {"rate_limit": {"count": 50, "per": "second"}, "max_concurrency": 5}
    first, again = _make_twice(
        stage, {"name": LIMITED, "url": stage.receiver.url(LIMITED), "topics": [LEFT], **limits}
    )
    copies = _webhook(stage, COPIES, {"topics": [UNUSED]})
    gifts = _webhook(stage, "gifts", {"topics": [GIFT], "transform": TRANSFORM})
    stage.receiver.endpoints[LIMITED].secret = first["secret"]
    stage.receiver.endpoints[LIMITED].delay_s = SLOW_S
    stage.receiver.endpoints[COPIES].secret = copies["secret"]
    return Corner(
        limited=first["id"],
        copies=copies["id"],
        gifts=gifts["id"],
        problems=() if first == again else ("one request sent twice made two webhooks",),
    )


def send(stage: Stage) -> None:
    """An event for each webhook that has a topic, and one too large for Redshift."""
    stage.doors.by_bus(
        [
            _event(stage, "gift", topic=GIFT, properties={"order_id": "0", "value": 0}),
            _event(stage, "left", topic=LEFT, properties={}),
            _event(stage, "bulky", topic=BULKY, properties={"body": "x" * BULK_CHARS}),
        ]
    )


def replay(stage: Stage, corner: Corner, patience: Patience) -> Iterator[str]:
    """Ask for what one webhook was told to be told to another; sweep takes it up while we wait.

    Asked twice, the second job must find that the first has done it.
    """
    if not patience.until(lambda: _accepted(stage, LIMITED) == 1):
        yield "the webhook with limits was told nothing"
    wanted = {"statuses": ["delivered"], "to": corner.copies}
    for _ in range(2):
        stage.api.post(f"/v1/webhooks/{corner.limited}/replay", wanted)


def problems(stage: Stage, corner: Corner, patience: Patience) -> Iterator[str]:
    """What did not come to its proper end."""
    yield from corner.problems
    mine = stage.api.get("/v1/deliveries", {"webhook": corner.gifts})["data"]
    if [one["status"] for one in mine] != ["dropped"]:
        yield f"the gift that the transform drops ended as {mine}"
    yield from _replayed(stage, corner, patience)
    for query in ({"status": "dead"}, {"limit": 1}):
        if not stage.api.get("/v1/deliveries", query)["data"]:
            yield f"no delivery is listed for {query}"
    stage.api.delete(f"/v1/webhooks/{corner.limited}")
    if corner.limited in [each["id"] for each in stage.api.each("/v1/webhooks", limit=LISTED)]:
        yield "a deleted webhook is still listed"


def _replayed(stage: Stage, corner: Corner, patience: Patience) -> Iterator[str]:
    api, jobs = stage.api, f"/v1/webhooks/{corner.limited}/replays"
    if not patience.until(lambda: {job["state"] for job in api.get(jobs)["data"]} == {"done"}):
        yield f"the replays ended as {api.get(jobs)['data']}"
    if not patience.until(lambda: _accepted(stage, COPIES) == 1):
        yield f"the replay told its target {_accepted(stage, COPIES)} webhooks, must be 1"
    told = api.get("/v1/deliveries", {"event": "corner-left"})["data"]
    ids = {one["webhook_id"]: one["id"] for one in told}
    if ids.keys() != {corner.limited, corner.copies}:
        yield f"the replayed event's deliveries are those of {sorted(ids)}"
        return
    api.post(f"/v1/deliveries/{ids[corner.limited]}/retry")
    if not patience.until(lambda: _repeats(stage, LIMITED) == 1):
        yield "a delivery that was asked for again did not come"
    api.post(f"/v1/webhooks/{corner.copies}/test")
    if not patience.until(lambda: _accepted(stage, COPIES) > 1):
        yield "the event made up to test a webhook did not come"


def _accepted(stage: Stage, name: str) -> int:
    return len(stage.receiver.endpoints[name].accepted)


def _repeats(stage: Stage, name: str) -> int:
    return stage.receiver.endpoints[name].duplicates


def _webhook(stage: Stage, name: str, settings: Mapping[str, Any]) -> Any:
    named = {"name": name, "url": stage.receiver.url(name)}
    return stage.api.post("/v1/webhooks", {**named, **settings})


def _make_twice(stage: Stage, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    # By hand: the client draws a new key for each call, and this is one call whose answer got lost.
    first, again = (
        httpx.post(
            f"{stage.local.api_url}/v1/webhooks",
            headers={"authorization": f"Bearer {stage.local.api_key}", "idempotency-key": key},
            json=settings,
            timeout=ANSWER_S,
            trust_env=False,
        )
        for key in [uuid.uuid4().hex] * 2
    )
    return first.raise_for_status().json(), again.raise_for_status().json()


def _event(stage: Stage, name: str, *, topic: str, properties: Mapping[str, Any]) -> Envelope:
    return {
        "id": f"corner-{name}",
        "tenant": stage.tenant,
        "topic": topic,
        "profile": {"external_id": MARKED_CUSTOMER},
        "properties": properties,
    }
