"""Derives a property of every customer by a data transform, and backfills a change of it."""

from collections.abc import Iterator
from typing import Any, Final

from infra.demo.patience import Patience
from infra.demo.stage import Stage

SOURCE: Final = "source"  # a property of every customer
TARGET: Final = "shop"
FIRST: Final = "CDnow"
SECOND: Final = "CDNOW, Inc."
LOOKED_AT: Final = 50


def make(stage: Stage) -> str:
    """Make the transform before any event, so that each write of a profile has it applied."""
    made = stage.api.post(
        "/v1/transforms",
        {
            "name": "the shop's name",
            "method": "standardize",
            "sources": [SOURCE],
            "target": TARGET,
            "settings": _settings(FIRST),
        },
    )
    return str(made["id"])


def change(stage: Stage, transform_id: str) -> Iterator[str]:
    """Try a change of the transform, make it, and start a backfill for the customers there are."""
    changes, path = {"settings": _settings(SECOND)}, f"/v1/transforms/{transform_id}"
    trial = stage.api.post(f"{path}/dry-run", {**changes, "profiles": LOOKED_AT})
    values = {(each["before"][TARGET], each["after"][TARGET]) for each in trial["examples"]}
    if values != {(FIRST, SECOND)}:
        yield f"a dry run of the data transform shows {values} among {trial['profiles']} profiles"
    stage.api.patch(path, changes)
    stage.api.post("/v1/transform-backfills")


def problems(stage: Stage, patience: Patience) -> Iterator[str]:
    """A sentence for everything in this act that did not end as it must."""
    if not patience.until(lambda: _backfill(stage)["state"] == "done"):
        yield f"the backfill is {_backfill(stage)}"
        return
    if not _backfill(stage)["counts"]["changed"]:
        yield "the backfill has changed no profile"
    customers = stage.warehouse.some_profiles(1)
    shown = [stage.api.get(f"/v1/profiles/{ours}")["properties"] for ours, _ in customers]
    for properties in shown:
        if SOURCE in properties and properties[TARGET] != SECOND:
            yield f"after the backfill a customer has {properties}"


def _backfill(stage: Stage) -> Any:
    (job,) = (
        each for each in stage.api.get("/v1/jobs")["data"] if each["kind"] == "transform_backfill"
    )
    return job


def _settings(replacement: str) -> dict[str, Any]:
    rule = {"operator": "equals", "values": ["cdnow"], "replacement": replacement}
    return {"rules": [rule]}
