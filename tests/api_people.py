"""What the examples of the OpenAPI document do with people: find, change, merge and follow them."""

from dataclasses import replace
from typing import Any

import pytest

from functions import api as api_function
from runtime.core import ids
from runtime.core.exports import profile_export as exports
from runtime.core.jobs.job import JobState
from runtime.core.profiles.profile import Profile
from runtime.core.timeline.entry import AttributeChange, EntryKind
from tests.api_story import EVENT, Story
from tests.builders import a_job, a_profile
from tests.timeline import an_entry


def people(story: Story, profile_id: str) -> None:
    """Change a person, find, merge and part people, and erase one."""
    story.call(
        "PATCH",
        f"/v1/profiles/{profile_id}",
        {
            "set": {"city": "Turin"},
            "append": {"tags": ["vip"]},
            "increment": {"orders": 1},
            "consent": {"email": {"status": "subscribed", "source": "checkout"}},
            "add_names": {"loyalty_card": ["4711"]},
        },
    )
    record = {
        "profile": {"email": "Bob@example.com", "phone": "call me"},
        "set": {"city": "Berlin"},
    }
    results = story.call("POST", "/v1/profiles/bulk", {"records": [record]}).json["results"]
    other_id = results[0]["id"]
    pair = {"profile_ids": [profile_id, other_id]}
    merged = story.call("POST", "/v1/profiles/merge", pair).json["merged_ids"]
    story.call("POST", "/v1/profiles/unmerge", {"profile_id": merged[0]})


def timeline(story: Story, profile_id: str) -> None:
    """Read what happened to a person."""
    event = an_entry(
        id=str(EVENT["id"]),
        tenant=story.api.tenant,
        profile_id=profile_id,
        topic=str(EVENT["topic"]),
    )
    change = replace(
        event,
        id=ids.derive("chg", profile_id),
        kind=EntryKind.CHANGE,
        topic=None,
        cause=str(EVENT["id"]),
        changes=(AttributeChange("properties.city", "Köln", "Bonn"),),
    )
    story.api.cloud.timelines.put([event, change])
    story.call("GET", f"/v1/profiles/{profile_id}/timeline")
    first = story.call("GET", f"/v1/profiles/{profile_id}/subject").json
    story.call("GET", f"/v1/profiles/{profile_id}/subject", cursor=first["next_cursor"])
    somebody = a_profile(id="prf_gone", tenant=story.api.tenant, external_id="c-9", email=None)
    story.api.cloud.keep(somebody)
    story.call("DELETE", f"/v1/profiles/{somebody.id}")


def transforms(story: Story) -> None:
    """Set data transforms up, and go back to a version."""
    profile = Profile(
        id="prf_2", tenant=story.api.tenant, revision=1, properties={"country": "u.s."}
    )
    story.api.cloud.keep(profile)
    countries = {
        "name": "one name for each country",
        "method": "standardize",
        "sources": ["country"],
        "settings": {
            "rules": [
                {
                    "operator": "equals",
                    "values": ["Holland", "The Low Countries"],
                    "replacement": "Netherlands",
                    "ignore_case": True,
                }
            ],
            "table": "countries",
        },
    }
    story.call("POST", "/v1/transform-dry-runs", countries)
    made: dict[str, Any] = story.call("POST", "/v1/transforms", countries).json
    story.call("GET", "/v1/transforms")
    path = f"/v1/transforms/{made['id']}"
    story.call("GET", path)
    story.call("POST", f"{path}/dry-run", {"enabled": False})
    story.call("PATCH", path, {"settings": {"table": "countries"}})
    story.call("GET", f"{path}/versions")
    story.call("POST", f"{path}/revert", {"version": 1})
    story.call("DELETE", path)
    story.call("POST", "/v1/transform-backfills")


def jobs(story: Story) -> None:
    """Import people and export them."""
    file = {"format": "csv", "mapping": {"E-Mail": "email", "City": "properties.city"}}
    made = story.call("POST", "/v1/profiles/import", {**file, "bytes": 33}).json
    content = b"E-Mail,City\nada@example.com,Rome\n"
    story.api.cloud.bucket.put(f"imports/{story.api.tenant}/{made['id']}", content)
    without_lambda(story, f"/v1/jobs/{made['id']}/start")
    pattern = {"properties": {"plan": ["pro"]}}
    export = {"format": "csv", "filter": pattern, "columns": ["email", "properties.city"]}
    without_lambda(story, "/v1/profiles/export", export)
    job = a_job(tenant=story.api.tenant)
    story.api.cloud.jobs.add(job)
    story.call("GET", "/v1/jobs", limit=10)
    story.call("GET", f"/v1/jobs/{job.id}")
    story.call("POST", f"/v1/jobs/{job.id}/cancel")
    done = replace(job, id=f"{job.id[:-1]}z", state=JobState.DONE, due_at_ms=None)
    story.api.cloud.jobs.add(done)
    story.api.cloud.bucket.put(exports.file_key(done), b"email\r\nada@example.com\r\n")
    story.call("GET", f"/v1/jobs/{done.id}/download")


def without_lambda(story: Story, path: str, body: Any = None) -> None:
    """Call an operation that starts a function: in process there is no Lambda."""
    syncs, jobs = story.api.application.syncs, story.api.application.jobs
    application = replace(
        story.api.application,
        syncs=replace(
            syncs,
            backfill=replace(syncs.backfill, starter=NoLambda()),
            refresh=replace(syncs.refresh, starter=NoLambda()),
        ),
        jobs=replace(
            jobs,
            start_import=replace(jobs.start_import, starter=NoLambda()),
            create_export=replace(jobs.create_export, starter=NoLambda()),
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api_function, "_application", lambda: application)
        story.call("POST", path, body)


class NoLambda:
    """Stands for the functions that an operation starts."""

    def start(self, tenant: str, resource_id: str, /) -> None:
        """Start nothing."""
