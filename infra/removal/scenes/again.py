"""Scenes of what is done later, or once more: what sweep finds, replays, retries by hand."""

from collections.abc import Iterator
from typing import Any, Final

from infra.demo import accidents, changes, labels
from infra.demo.patience import Patience
from infra.demo.setup import only_gone
from infra.demo.stage import Stage
from infra.removal.scenes import parts
from infra.removal.scenes.events import gone
from infra.removal.trials import Scene

LATE: Final = "late"
LATE_TOPIC: Final = "message.sms.failed"
FLAKY: Final = "flaky"
FLAKY_TOPIC: Final = "list.member_removed"
FAILING: Final = 'def handler(event):\n    return event["properties"]["missing"]\n'
SOUND: Final = 'def handler(event):\n    return event["id"]\n'
SWEEP: Final = "SweepFunction"


def _make_late(stage: Stage) -> None:
    """A delivery has failed, and its next attempt is an hour away."""
    parts.webhook(stage, LATE, topics=[LATE_TOPIC], retry_schedule_s=[parts.HOUR_S])
    stage.receiver.endpoints[LATE].starts_busy = True
    stage.doors.by_bus([parts.event(stage, "late-1", LATE_TOPIC)])
    parts.need("attempt", lambda: bool(stage.receiver.endpoints[LATE].arrivals))
    parts.need("delivery that waits", lambda: _statuses(stage) == ["pending"])


def _statuses(stage: Stage) -> list[str]:
    listed = stage.api.get("/v1/deliveries", {"event": "late-1"})["data"]
    return [delivery["status"] for delivery in listed]


def _due(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    parts.hasten(stage, "DeliveriesTable")
    stage.invoke(SWEEP, {})
    yield from parts.wait(
        patience, "sweep did not find a delivery that was due", lambda: _is_retried(stage)
    )


def _is_retried(stage: Stage) -> bool:
    return stage.receiver.endpoints[LATE].retried == 1


def _make_gone(stage: Stage) -> None:
    for problem in gone(stage, None, Patience(parts.SETUP_S)):
        raise ValueError(problem)


def _gone(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    return accidents.unsent_notice(stage, patience)


def _deleted(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    return accidents.ended_grace(stage, patience)


def _change(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    return changes.problems(stage, patience)


def _make_failed(stage: Stage) -> labels.Labels:
    """A function has failed on an event, and a payload of 700 KB has been delivered."""
    made = labels.make(stage)
    stage.receiver.endpoints[labels.LABELS].starts_busy = False
    parts.function(stage, FLAKY, FAILING, topics=[FLAKY_TOPIC])
    labels.send(stage)
    both = [parts.event(stage, f"flaky-{n}", FLAKY_TOPIC) for n in range(2)]
    stage.doors.by_bus(both)
    parts.need("large payload", lambda: parts.accepted(stage, labels.LABELS) == 1)
    parts.need("runs that failed", lambda: len(_failed(stage)) == len(both))
    parts.need("delivery", lambda: _delivered(stage, made) is not None)
    parts.release(stage, FLAKY, SOUND)
    return made


def _failed(stage: Stage) -> list[Any]:
    path = f"/v1/functions/{FLAKY}/runs"
    return list(stage.api.get(path, {"outcome": "failed"})["data"])


def _delivered(stage: Stage, made: labels.Labels) -> Any:
    query = {"webhook": made.original, "status": "delivered"}
    deliveries = stage.api.get("/v1/deliveries", query)["data"]
    return deliveries[0] if deliveries else None


def _by_hand(stage: Stage, made: labels.Labels, patience: Patience) -> Iterator[str]:
    run = _failed(stage)[0]["id"]
    delivery = f"/v1/deliveries/{_delivered(stage, made)['id']}"
    if stage.api.get(delivery)["body"] is None:
        yield "a large payload that was delivered is not shown"
    stage.api.post(f"/v1/runs/{run}/retry")
    stage.api.post(f"{delivery}/retry")
    stage.api.post(f"/v1/webhooks/{made.copies}/test")
    yield from parts.wait(
        patience,
        "a run that was asked for again did not come about",
        lambda: stage.api.get(f"/v1/runs/{run}")["outcome"] == "returned",
    )
    yield from parts.wait(
        patience,
        "a delivery that was asked for again did not come",
        lambda: stage.receiver.endpoints[labels.LABELS].duplicates == 1,
    )
    yield from parts.wait(
        patience,
        "the event made up to test a webhook did not come",
        lambda: parts.accepted(stage, labels.COPIES) == 1,
    )


def _replay(stage: Stage, made: labels.Labels, patience: Patience) -> Iterator[str]:
    request = {"statuses": ["delivered"], "to": made.copies}
    stage.api.post(f"/v1/webhooks/{made.original}/replay", request)
    stage.api.post(f"/v1/functions/{FLAKY}/replay", {})
    stage.api.post(f"/v1/functions/{FLAKY}/replay", {"outcomes": ["returned"]})
    parts.hasten(stage, "DeliveriesTable", "RunsTable")
    stage.invoke(SWEEP, {})
    yield from parts.wait(
        patience, "the replay of a function's runs was not made", lambda: not _failed(stage)
    )
    yield from parts.wait(
        patience,
        "the replay of a large payload did not come",
        lambda: parts.accepted(stage, labels.COPIES) == 1,
    )


def _sweep_fails(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    parts.empty(stage, "SweepDeadLetters")
    return accidents.failing_sweep(stage, patience)


SCENES: Final = (
    Scene(
        name="due",
        says="sweep sends a delivery whose next attempt is due",
        prepare=_make_late,
        act=_due,
    ),
    Scene(
        name="left-notice",
        begin=only_gone,
        says="sweep disables a webhook when the worker was killed that knew why",
        prepare=_make_gone,
        act=_gone,
    ),
    Scene(
        name="purge",
        says="a deleted function is removed with its versions when its days of grace are over",
        act=_deleted,
    ),
    Scene(
        name="left-change",
        says="a change whose call was killed is ended in the audit log, and its tenant is told",
        prepare=changes.make,
        act=_change,
    ),
    Scene(
        name="by-hand",
        says="a run, a delivery of 700 KB and a webhook's test are made when somebody asks",
        prepare=_make_failed,
        act=_by_hand,
    ),
    Scene(
        name="replay",
        says="replays send a webhook's large payloads again and make a function's runs again",
        prepare=_make_failed,
        act=_replay,
    ),
    Scene(
        name="sweep-fails",
        says="a sweep that fails is reported",
        act=_sweep_fails,
    ),
)
