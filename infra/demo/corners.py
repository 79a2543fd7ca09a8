"""Uses each part of the product once that the orders alone never touch, and checks it."""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from cli import client
from cli._errors import CommandFailed
from infra.demo.feed import MARKED_CUSTOMER, Envelope
from infra.demo.patience import Patience
from infra.demo.setup import TRANSFORM
from infra.demo.stage import Stage

GIFT: Final = "segment.entered"
LEFT: Final = "segment.left"
UNUSED: Final = "message.push.opened"
BULKY: Final = "message.email.received"
# More characters than Redshift's longest text has, fewer than the bus's largest event. They hardly
# compress, so the event rests on S3 beside its record.
BULK: Final = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(1100))
EVENTS: Final = 3
TRANSFORM_RUNS: Final = 2  # on the gift, and on the event that only the function gets
INVOKED: Final = "corner-invoked"
ANSWER_S: Final = 30
LISTED: Final = 100
LIMITED: Final = "limited"
SLOW_S: Final = 2.5  # slow enough that its later deliveries take the slow lane
COPIES: Final = "copies"
PHONE: Final = "+49301234567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """The ids of the webhooks that only this act uses."""

    limited_webhook: str  # has a slow endpoint and limits
    copies: str  # gets the replay of the first one's deliveries
    gifts: str  # its transform drops every event
    problems: tuple[str, ...]  # what went wrong while they were made, in sentences


def make(stage: Stage) -> Corner:
    """Make the webhooks, and send the request for the first one twice, as after a lost answer.

    This comes before any event, because a warm matcher may need two seconds to see a new webhook.
    """
    limits = {"rate_limit": {"count": 50, "per": "second"}, "max_concurrency": 5}
    first, second = _make_twice(
        stage, {"name": LIMITED, "url": stage.receiver.url(LIMITED), "topics": [LEFT], **limits}
    )
    copies = _webhook(stage, COPIES, {"topics": [UNUSED]})
    gifts = _webhook(stage, "gifts", {"topics": [GIFT], "transform": TRANSFORM})
    stage.receiver.endpoints[LIMITED].secret = first["secret"]
    stage.receiver.endpoints[LIMITED].delay_s = SLOW_S
    stage.receiver.endpoints[COPIES].secret = copies["secret"]
    return Corner(
        limited_webhook=first["id"],
        copies=copies["id"],
        gifts=gifts["id"],
        problems=() if first == second else ("one request sent twice made two webhooks",),
    )


def send(stage: Stage) -> None:
    """Send an event for each webhook with a topic, and one that is too large for Redshift."""
    gift = {"order_id": "0", "value": 0}
    invoked = {"id": INVOKED, "topic": GIFT, "properties": gift}
    stage.api.post(f"/v1/functions/{TRANSFORM}/invoke", {"event": invoked})
    stage.doors.by_bus(
        [
            _event(stage, "gift", topic=GIFT, properties=gift),
            _event(stage, "left", topic=LEFT, properties={}),
            _event(stage, "bulky", topic=BULKY, properties={"body": BULK}),
        ]
    )


def replay(stage: Stage, corner: Corner, patience: Patience) -> Iterator[str]:
    """Ask twice for a replay of one webhook's deliveries to another webhook.

    Sweep does it while the demo waits. The second job must find that the first has done everything.
    """
    if not patience.until(lambda: _accepted(stage, LIMITED) == 1):
        yield "the webhook with limits was told nothing"
    request = {"statuses": ["delivered"], "to": corner.copies}
    for _ in range(2):
        stage.api.post(f"/v1/webhooks/{corner.limited_webhook}/replay", request)


def problems(stage: Stage, corner: Corner, patience: Patience) -> Iterator[str]:
    """A sentence for everything in this act that did not end as it must."""
    yield from corner.problems
    deliveries = stage.api.get("/v1/deliveries", {"webhook": corner.gifts})["data"]
    if [delivery["status"] for delivery in deliveries] != ["dropped"]:
        yield f"the gift that the transform drops ended as {deliveries}"
    yield from _replay_problems(stage, corner, patience)
    yield from _listing_problems(stage)
    yield from _invoke_problems(stage)
    yield from _event_problems(stage)
    yield from _people_problems(stage)
    yield from _sync_problems(stage, patience)
    for query in ({"status": "dead"}, {"limit": 1}):
        if not stage.api.get("/v1/deliveries", query)["data"]:
            yield f"no delivery is listed for {query}"
    stage.api.delete(f"/v1/webhooks/{corner.limited_webhook}")
    if corner.limited_webhook in [
        each["id"] for each in stage.api.each("/v1/webhooks", limit=LISTED)
    ]:
        yield "a deleted webhook is still listed"


def _people_problems(stage: Stage) -> Iterator[str]:
    """Let a customer go by a telephone number for a moment, and find him in the list of all."""
    [customer] = stage.api.get("/v1/profiles", {"external_id": MARKED_CUSTOMER})["data"]
    path = f"/v1/profiles/{client.segment(customer['id'])}"
    stage.api.patch(path, {"add_names": {"phone": [PHONE]}})
    by_phone = stage.api.get("/v1/profiles", {"phone": PHONE})["data"]
    if [each["id"] for each in by_phone] != [customer["id"]]:
        yield f"by a new telephone number these are found: {by_phone}"
    stage.api.patch(path, {"remove_names": {"phone": [PHONE]}})
    if stage.api.get("/v1/profiles", {"phone": PHONE})["data"]:
        yield "a customer is found by a telephone number that was taken away"
    if not stage.api.get("/v1/profiles", {"limit": 1})["data"]:
        yield "the list of profiles is empty"


def _sync_problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sync that is deleted before it loads anything; paused, so that no load of it begins."""
    path = f"/v1/syncs/{stage.api.post('/v1/syncs', {'name': 'brief', 'kind': 's3'})['id']}"
    stage.api.post(f"{path}/pause")
    if not patience.until(lambda: _is_deleted(stage, path)):
        yield "a sync that was made by mistake cannot be deleted"


def _is_deleted(stage: Stage, path: str) -> bool:
    try:
        stage.api.delete(path)
    except CommandFailed as refusal:
        if refusal.code != "load_open":  # one may have begun before the pause
            raise
        return False
    return True


def _replay_problems(stage: Stage, corner: Corner, patience: Patience) -> Iterator[str]:
    api, jobs = stage.api, f"/v1/webhooks/{corner.limited_webhook}/replays"
    if not patience.until(lambda: {job["state"] for job in api.get(jobs)["data"]} == {"done"}):
        yield f"the replays ended as {api.get(jobs)['data']}"
    if not patience.until(lambda: _accepted(stage, COPIES) == 1):
        yield f"the replay told its target {_accepted(stage, COPIES)} webhooks, must be 1"
    deliveries = api.get("/v1/deliveries", {"event": "corner-left"})["data"]
    ids = {delivery["webhook_id"]: delivery["id"] for delivery in deliveries}
    if ids.keys() != {corner.limited_webhook, corner.copies}:
        yield f"the replayed event's deliveries are those of {sorted(ids)}"
        return
    api.post(f"/v1/deliveries/{ids[corner.limited_webhook]}/retry")
    if not patience.until(lambda: _repeats(stage, LIMITED) == 1):
        yield "a delivery that was asked for again did not come"
    api.post(f"/v1/webhooks/{corner.copies}/test")
    if not patience.until(lambda: _accepted(stage, COPIES) > 1):
        yield "the event made up to test a webhook did not come"


def _listing_problems(stage: Stage) -> Iterator[str]:
    """Find the run that dropped the gift by its event, and then by the profile it was about."""
    runs = stage.api.get("/v1/runs", {"event": "corner-gift"})["data"]
    if [run["function"] for run in runs] != [TRANSFORM]:
        yield f"the runs of the gift are listed as {runs}"
        return
    about = {"profile": runs[0]["profile_id"], "function": TRANSFORM}
    if runs[0]["id"] not in {
        each["id"] for each in stage.api.each("/v1/runs", about, limit=LISTED)
    }:
        yield f"the run of the gift is not listed for {about}"


def _event_problems(stage: Stage) -> Iterator[str]:
    """Show an event that rests on S3, and find it by its topic."""
    event = stage.api.get("/v1/events/corner-bulky")
    if event["properties"] != {"body": BULK}:
        yield "the bulky event is shown with other properties than it was sent with"
    events = stage.api.get("/v1/events", {"topic": BULKY})["data"]
    if event not in events:
        yield f"the bulky event is not among the {len(events)} of its topic"


def _invoke_problems(stage: Stage) -> Iterator[str]:
    """Compare the run that was asked for with a dry run on the event that was kept for it."""
    runs = stage.api.get("/v1/runs", {"event": INVOKED})["data"]
    request = {"event_id": INVOKED, "dry_run": True}
    dry = stage.api.post(f"/v1/functions/{TRANSFORM}/invoke", request)["run"]
    same = ("id", "version", "source_sha256", "outcome", "output", "error", "effects")
    if [[run[name] for name in same] for run in runs] != [[dry[name] for name in same]]:
        yield f"a function that was invoked made {runs}, and dry {dry}"


def _accepted(stage: Stage, name: str) -> int:
    return len(stage.receiver.endpoints[name].accepted)


def _repeats(stage: Stage, name: str) -> int:
    return stage.receiver.endpoints[name].duplicates


def _webhook(stage: Stage, name: str, settings: Mapping[str, Any]) -> Any:
    request = {"name": name, "url": stage.receiver.url(name)}
    return stage.api.post("/v1/webhooks", {**request, **settings})


def _make_twice(stage: Stage, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    # Without the client, which draws a new key for each call: this is one call, sent again because
    # its answer got lost.
    first, second = (
        httpx.post(
            f"{stage.local.api_url}/v1/webhooks",
            headers={"authorization": f"Bearer {stage.local.api_key}", "idempotency-key": key},
            json=settings,
            timeout=ANSWER_S,
            trust_env=False,
        )
        for key in [uuid.uuid4().hex] * 2
    )
    return first.raise_for_status().json(), second.raise_for_status().json()


def _event(stage: Stage, name: str, *, topic: str, properties: Mapping[str, Any]) -> Envelope:
    return {
        "id": f"corner-{name}",
        "tenant": stage.tenant,
        "topic": topic,
        "profile": {"external_id": MARKED_CUSTOMER},
        "properties": properties,
    }
