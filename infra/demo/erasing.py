"""Erases somebody about whom something was matched, run, sent, loaded and kept on S3.

All of it happens after the counting, so none of it is in the sums.
"""

from collections.abc import Iterator
from typing import Any, Final

from cli._errors import CommandFailed
from infra.demo.corners import BULK
from infra.demo.feed import Envelope
from infra.demo.patience import Patience
from infra.demo.stage import Stage

TOPIC: Final = "message.push.bounced"  # a topic that no other webhook takes
NAME: Final = "erased_one"
ADDRESS: Final = "erased@example.com"
NEIGHBOUR: Final = "neighbour@example.com"
# What the job counts of somebody who has left something everywhere.
ERASED: Final = (
    "events",
    "runs",
    "deliveries",
    "error_groups",
    "redshift_schemas",
    "redshift_events_rows",
    "raw_log_rows",
    "discards_rows",
    "lake_rows",
)
SOURCE: Final = 'def handler(event):\n    raise ValueError(event["properties"]["note"])\n'


def make(stage: Stage) -> None:
    """Publish a function that fails with what the person said, and make a webhook.

    This comes before any event, because a warm matcher may need two seconds to see them.
    """
    stage.api.post("/v1/functions", {"name": NAME, "topics": [TOPIC]})
    stage.api.post(f"/v1/functions/{NAME}/versions", {"source": SOURCE})
    stage.api.post(f"/v1/functions/{NAME}/publish", {"version": 1})
    webhook = stage.api.post(
        "/v1/webhooks", {"name": NAME, "url": stage.receiver.url(NAME), "topics": [TOPIC]}
    )
    stage.receiver.endpoints[NAME].secret = webhook["secret"]


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sentence for everything about the erasure that is not as it must be."""
    stage.doors.by_bus(
        [
            _event(stage, "erasing-1", {"email": ADDRESS}),
            _event(stage, "erasing-2", {"email": ADDRESS}, text=BULK),
        ]
    )
    if not patience.until(lambda: _traces(stage) == (2, 2, 2) and _is_loaded(stage, "erasing-2")):
        loaded = stage.warehouse.has_event("erasing-2")
        yield f"of two events, entries, runs and deliveries are {_traces(stage)}; loaded: {loaded}"
        return
    profile_id = _profile(stage)["id"]
    job = stage.api.delete(f"/v1/profiles/{profile_id}")
    if not patience.until(lambda: _worked_off(stage, job["id"])):
        yield f"an erasure is not done: {stage.api.get('/v1/jobs/' + job['id'])}"
        return
    counts = stage.api.get(f"/v1/jobs/{job['id']}")["counts"]
    for name in ERASED:
        if not counts[name]:
            yield f"an erasure has erased no {name}: {counts}"
    if _profile(stage) is not None:
        yield "an erased person is still found"
    # Events that come later are dropped, by whatever they name the person; the neighbour's go on.
    stage.doors.by_bus(
        [
            _event(stage, "erasing-3", {"email": ADDRESS}),
            _event(stage, "erasing-4", {"id": profile_id}),
            _event(stage, "erasing-5", {"email": NEIGHBOUR}),
        ]
    )
    if not patience.until(lambda: _is_kept(stage, "erasing-5")):
        yield "an event that came after an erasure is not kept"
    if [each for each in ("erasing-1", "erasing-3", "erasing-4") if _is_kept(stage, each)]:
        yield "an event about an erased person is kept"


def _event(stage: Stage, event_id: str, names: dict[str, str], *, text: str = "") -> Envelope:
    note = {"note": f"{event_id} said so", "text": text}
    return {
        "id": event_id,
        "tenant": stage.tenant,
        "topic": TOPIC,
        "profile": names,
        "properties": note,
    }


def _profile(stage: Stage) -> Any:
    found = stage.api.get("/v1/profiles", {"email": ADDRESS})["data"]
    return found[0] if found else None


def _traces(stage: Stage) -> tuple[int, int, int]:
    """How many entries of the timeline, runs and deliveries there are."""
    profile = _profile(stage)
    if profile is None:
        return (0, 0, 0)
    path = f"/v1/profiles/{profile['id']}/timeline"
    entries = stage.api.get(path, {"kind": "event"})["data"]
    runs = [run for entry in entries for run in entry["runs"]]
    sent = [each for entry in entries for each in entry["deliveries"]]
    return len(entries), len(runs), len([each for each in sent if each["status"] == "delivered"])


def _is_loaded(stage: Stage, event_id: str) -> bool:
    """Whether the warehouse has the event, after one more run of the sync."""
    stage.api.post(f"/v1/syncs/{stage.setup.sync}/run")
    return stage.warehouse.has_event(event_id)


def _worked_off(stage: Stage, job_id: str) -> bool:
    """Whether the job is done, after a call such as comes each minute."""
    stage.call("JobsFunction", {"tenant": stage.tenant, "job_id": job_id})
    return bool(stage.api.get(f"/v1/jobs/{job_id}")["state"] == "done")


def _is_kept(stage: Stage, event_id: str) -> bool:
    try:
        stage.api.get(f"/v1/events/{event_id}")
    except CommandFailed as problem:
        if problem.code != "event_not_found":
            raise
        return False
    return True
