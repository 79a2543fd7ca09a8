"""`penstock transforms`: data transforms, in a terminal."""

import json
from typing import Any, Final

from runtime.core.profiles.profile import Profile
from tests.unit.cli.conftest import Command

CITY: Final = {
    "name": "cities",
    "method": "format",
    "sources": ["city"],
    "target": "city",
    "settings": {"case": "title"},
}


def test_a_transform_is_tried_made_changed_reverted_and_deleted(penstock: Command) -> None:
    """A file is read for what one writes anyway, and standard input for scripts."""
    profile = Profile(
        id="prf_1", tenant=penstock.api.tenant, revision=1, properties={"city": "roma"}
    )
    penstock.api.cloud.keep(profile)
    file = penstock.write("city.json", json.dumps(CITY))

    tried = penstock("transforms", "create", file, "--dry-run").out
    assert "1 of 1 profiles would change; nothing is stored" in tried
    assert "city   roma    Roma" in tried
    assert "(none)" in penstock("transforms", "list").out

    made = penstock("transforms", "create", file, "--json").json
    assert "cities" in penstock("transforms", "list").out
    upper = json.dumps({"settings": {"case": "upper"}})
    dry = penstock("transforms", "update", made["id"], "-", "--dry-run", "--json", stdin=upper)
    assert dry.json["examples"][0]["after"] == {"city": "ROMA"}
    changed = penstock("transforms", "update", made["id"], "-", "--json", stdin=upper)
    assert changed.json["version"] == 2
    assert "penstock transforms backfill" in penstock("transforms", "revert", made["id"], "1").out
    assert _versions(penstock, made["id"]) == [3, 2, 1]
    assert "is disabled" in penstock("transforms", "disable", made["id"]).out
    assert not penstock("transforms", "show", made["id"], "--json").json["enabled"]
    assert made["id"] in penstock("transforms", "delete", made["id"]).out


def test_a_backfill_is_a_job(penstock: Command) -> None:
    """Who does not wait for it looks at it later."""
    job = penstock("transforms", "backfill", "--json").json
    assert (job["kind"], job["state"]) == ("transform_backfill", "running")
    assert penstock("jobs", "show", job["id"], "--json").json == job


def test_a_file_that_is_no_object_is_refused_before_any_call(penstock: Command) -> None:
    """With the name of the file."""
    refused = penstock("transforms", "create", "-", "--json", stdin="[]")
    assert (refused.code, refused.json["error"]["code"]) == (2, "bad_transform")


def _versions(penstock: Command, transform_id: str) -> list[Any]:
    listed = penstock("transforms", "versions", transform_id, "--json").json["data"]
    return [each["version"] for each in listed]
