"""A trigger and a transform that fail are mended: what they failed on is run again, by its ids.

All of it happens after the counting, so none of it is in the sums.
"""

from collections.abc import Iterator
from typing import Any, Final

from infra.demo.feed import Envelope
from infra.demo.patience import Patience
from infra.demo.stage import Stage

TRIGGER: Final = "part_with_member"
TRANSFORM: Final = "farewell"
TOPIC: Final = "list.member_removed"
FAREWELLS: Final = "farewells"
FAILING: Final = 'def handler(event):\n    return {"member": event["properties"]["id"]}\n'
SOUND: Final = 'def handler(event):\n    return {"member": event["id"]}\n'
EVENTS: Final = 3
SETTLED_S: Final = 11  # a job is not taken up before the indexes have its records


def make(stage: Stage) -> str:
    """Publish both functions as they fail, and make the webhook; returns the webhook's id.

    This comes before any event, because a warm matcher may need two seconds to see them.
    """
    for name, topics in ((TRIGGER, [TOPIC]), (TRANSFORM, [])):
        stage.api.post("/v1/functions", {"name": name, "topics": topics})
        _release(stage, name, FAILING)
    webhook = stage.api.post(
        "/v1/webhooks",
        {
            "name": FAREWELLS,
            "url": stage.receiver.url(FAREWELLS),
            "topics": [TOPIC],
            "transform": TRANSFORM,
        },
    )
    stage.receiver.endpoints[FAREWELLS].secret = webhook["secret"]
    return str(webhook["id"])


def problems(stage: Stage, webhook_id: str, patience: Patience) -> Iterator[str]:
    """Let both fail, mend them, and run everything again; yields what did not end as it must."""
    stage.progress.step("a trigger and a transform are mended, and run again what they failed on")
    stage.doors.by_bus([_event(stage, number) for number in range(EVENTS)])
    if not patience.until(lambda: len(_failed(stage)) == len(_dead(stage, webhook_id)) == EVENTS):
        failed, dead = len(_failed(stage)), len(_dead(stage, webhook_id))
        yield f"{failed} runs failed and {dead} deliveries are dead, must be {EVENTS} of each"
        return
    first_ids = {delivery["id"] for delivery in _dead(stage, webhook_id)}
    for name in (TRIGGER, TRANSFORM):
        _release(stage, name, SOUND)
    run_id = _failed(stage)[0]["id"]
    stage.api.post(f"/v1/runs/{run_id}/retry")
    if not patience.until(lambda: _ended(stage, run_id) == ("returned", 2)):
        yield f"a run that was run again ended as {_ended(stage, run_id)}"
    stage.api.post(f"/v1/functions/{TRIGGER}/replay", {})
    stage.api.post(f"/v1/functions/{TRIGGER}/replay", {"outcomes": ["dropped"]})
    stage.api.post(f"/v1/webhooks/{webhook_id}/replay", {})
    yield from _job_problems(stage, webhook_id, patience)
    arrivals = stage.receiver.endpoints[FAREWELLS].arrivals
    if not patience.until(lambda: first_ids == _accepted(stage)):
        yield f"of the deliveries {sorted(first_ids)} there arrived {sorted(arrivals)}"
    if not patience.until(lambda: not _failed(stage)):
        yield f"runs still fail after their replay: {_failed(stage)}"


def _job_problems(stage: Stage, webhook_id: str, patience: Patience) -> Iterator[str]:
    """Sweep until all three jobs have ended; yields a sentence for each count that is wrong."""

    def counts() -> list[tuple[int, int]]:
        jobs: list[Any] = []
        for holder in (f"functions/{TRIGGER}", f"webhooks/{webhook_id}"):
            jobs += stage.api.get(f"/v1/{holder}/replays")["data"]
        done = [job for job in jobs if job["state"] == "done"]
        return sorted((job["replayed"], job["passed_over"]) for job in done)

    patience.until(lambda: False, at_most_s=SETTLED_S)
    stage.invoke("SweepFunction", {})  # the schedule's own may be a minute away
    expected = [(0, 0), (EVENTS - 1, 0), (EVENTS, 0)]
    if not patience.until(lambda: counts() == expected):
        yield f"the replays counted {counts()}, must be {expected}"


def _release(stage: Stage, name: str, source: str) -> None:
    path = f"/v1/functions/{name}"
    version = stage.api.post(f"{path}/versions", {"source": source})["version"]
    stage.api.post(f"{path}/publish", {"version": version})


def _failed(stage: Stage) -> list[Any]:
    runs: list[Any] = stage.api.get(f"/v1/functions/{TRIGGER}/runs", {"outcome": "failed"})["data"]
    return runs


def _dead(stage: Stage, webhook_id: str) -> list[Any]:
    query = {"webhook": webhook_id, "status": "dead"}
    deliveries: list[Any] = stage.api.get("/v1/deliveries", query)["data"]
    return deliveries


def _ended(stage: Stage, run_id: str) -> tuple[str, int]:
    run = stage.api.get(f"/v1/runs/{run_id}")
    return run["outcome"], run["attempt"]


def _accepted(stage: Stage) -> set[str]:
    arrivals = stage.receiver.endpoints[FAREWELLS].arrivals
    return {delivery_id for delivery_id, arrival in arrivals.items() if arrival.accepts}


def _event(stage: Stage, number: int) -> Envelope:
    return {
        "id": f"former-member-{number}",
        "tenant": stage.tenant,
        "topic": TOPIC,
        "profile": {"external_id": f"former-member-{number}"},
        "properties": {},
    }
