"""Scenes of what a tenant does with people: names, imports, exports, erasures."""

from collections.abc import Iterator
from typing import Any, Final

from cli import client
from infra.demo import accidents, erasing, imports
from infra.demo.patience import Patience
from infra.demo.setup import only_sync
from infra.demo.stage import Stage
from infra.removal.scenes import parts
from infra.removal.trials import Scene

CALLER: Final = "caller"
PHONE: Final = "+49301234567"


def _make_caller(stage: Stage) -> Any:
    stage.api.post(
        "/v1/events",
        {"events": [{"topic": "metric.called", "profile": {"external_id": CALLER}}]},
    )
    parts.need("caller", lambda: parts.find(stage, external_id=CALLER) is not None)
    return parts.find(stage, external_id=CALLER)


def _names(stage: Stage, caller: Any, patience: Patience) -> Iterator[str]:
    path = f"/v1/profiles/{client.segment(caller['id'])}"
    stage.api.patch(path, {"add_names": {"phone": [PHONE]}})
    if parts.find(stage, phone=PHONE) is None:
        yield "somebody is not found by a new telephone number"
    stage.api.patch(path, {"remove_names": {"phone": [PHONE]}})
    if parts.find(stage, phone=PHONE) is not None:
        yield "somebody is found by a telephone number that was taken away"
    if not stage.api.get("/v1/profiles", {"limit": 1})["data"]:
        yield "the list of profiles is empty"
    yield from parts.wait(
        patience,
        "the timeline does not show what was changed",
        lambda: bool(stage.api.get(f"{path}/timeline")["data"]),
    )


def _import(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    return imports.problems(stage, patience)


def _erase(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    yield from erasing.problems(stage, patience)
    yield from parts.wait(
        patience,
        "somebody else's profile does not get to the warehouse after an erasure",
        lambda: _is_loaded(stage, parts.find(stage, email=erasing.NEIGHBOUR)),
    )


def _is_loaded(stage: Stage, profile: Any) -> bool:
    """Whether the warehouse has a profile; asks for a load."""
    stage.api.post(f"/v1/syncs/{stage.setup.sync}/run")
    rows = stage.warehouse.query("SELECT profile_id FROM {profiles}")
    return profile is not None and [profile["id"]] in rows


def _overdue(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    """An import that nobody works on is taken up by the call of each minute."""
    job = stage.api.post("/v1/profiles/export", {"format": "csv", "columns": ["external_id"]})
    parts.hasten(stage, "JobsTable")
    stage.invoke("JobsFunction", {})
    yield from parts.wait(
        patience,
        "a job was not worked off",
        lambda: stage.api.get(f"/v1/jobs/{job['id']}")["state"] == "done",
    )


def _jobs_fail(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    parts.empty(stage, "JobsDeadLetters")
    return accidents.failing_jobs(stage, patience)


def _secret(stage: Stage, _: Any, _patience: Patience) -> Iterator[str]:
    webhook = parts.webhook(stage, "sealed", topics=["message.push.opened"])
    rotated = stage.api.post(f"/v1/webhooks/{webhook}/rotate-secret")
    if rotated["secret"] == stage.receiver.endpoints["sealed"].secret:
        yield "a secret that was rotated is the same"


SCENES: Final = (
    Scene(
        name="names",
        says="a person is found by the names that she has, and not by those that were taken away",
        prepare=_make_caller,
        act=_names,
    ),
    Scene(
        name="import-export",
        says="people come in from a file and go out to one, and one name too many is refused",
        act=_import,
    ),
    Scene(
        name="due-job",
        says="a job that is due is worked off by the call of each minute",
        act=_overdue,
    ),
    Scene(name="jobs-fail", says="a call of `jobs` that fails is reported", act=_jobs_fail),
    Scene(name="secret", says="a webhook's secret is sealed, and rotated", act=_secret),
    Scene(
        name="erasure",
        begin=only_sync,
        says="somebody who is erased is nowhere any more, and does not come back",
        prepare=erasing.make,
        act=_erase,
    ),
)
