"""Erasing a person over the API, and showing all that is kept of one."""

import json
from dataclasses import replace
from typing import Any

from runtime.core import ids
from runtime.core.timeline.entry import AttributeChange, EntryKind
from tests.api_client import ApiClient
from tests.builders import a_delivery, a_profile, a_run, an_event
from tests.timeline import an_entry

ADA = {"external_id": "ada-1", "email": "ada@example.com"}
PATH = "/v1/profiles/prf_1"


def known(api: ApiClient) -> None:
    """Somebody of the caller's tenant."""
    api.cloud.keep(a_profile(tenant=api.tenant, id="prf_1", properties={"city": "Rome"}, **ADA))


def subject(api: ApiClient, path: str = f"{PATH}/subject") -> list[dict[str, Any]]:
    """All that is kept of a person, page by page."""
    parts: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(path, limit=2, **cursor)
        assert 200 == page.status, page.text
        parts += page.json["data"]
        if page.json["next_cursor"] is None:
            return parts
        cursor = {"cursor": page.json["next_cursor"]}


def test_an_erased_person_is_gone_at_once_and_a_job_does_the_rest(api: ApiClient) -> None:
    """It cannot be stopped, because half of an erasure would be worse than none or all."""
    known(api)

    answer = api.call("DELETE", PATH)

    assert (202, "erasure", "running") == (
        answer.status,
        answer.json["kind"],
        answer.json["state"],
    )
    assert 404 == api.get(PATH).status == api.get(f"{PATH}/subject").status
    assert [] == api.get("/v1/profiles", email=ADA["email"]).json["data"]
    assert (404, "profile_not_found") == (
        api.call("DELETE", PATH).status,
        api.call("DELETE", PATH).json["code"],
    )
    job = f"/v1/jobs/{answer.json['id']}"
    assert "job_cannot_be_cancelled" == api.post(f"{job}/cancel").json["code"]


def test_neither_the_job_nor_the_audit_log_says_who_it_was(api: ApiClient) -> None:
    """They are kept for longer than anything of the person may be."""
    known(api)

    job = api.call("DELETE", PATH).json

    entries = api.get("/v1/audit", action="profile.erased").json["data"]
    assert ["prf_1"] == [entry["resource"]["id"] for entry in entries]
    text = json.dumps([job, *(api.get(f"/v1/audit/{each['id']}").json for each in entries)])
    assert not [word for word in (*ADA.values(), "Rome") if word in text]


def test_an_event_about_an_erased_person_is_accepted_and_goes_nowhere(api: ApiClient) -> None:
    """Its sender cannot know, and an error would have him send it again for ever."""
    known(api)
    api.call("DELETE", PATH)
    events = [
        {"id": f"evt_{number}", "topic": "metric.x", "profile": profile}
        for number, profile in enumerate(({"email": "ADA@example.com"}, {"email": "b@example.com"}))
    ]

    answer = api.post("/v1/events", {"events": events})

    assert (202, 2, []) == (
        answer.status,
        len(answer.json["accepted"]),
        answer.json["rejected"],
    )
    landed = [json.loads(message["Body"]) for message in api.cloud.received("landed")]
    assert ["evt_1"] == [
        each["detail"]["id"] for each in landed if each["detail-type"] == "metric.x"
    ]


def test_everything_that_is_kept_of_a_person_is_shown(api: ApiClient) -> None:
    """The profile with its names, what happened, what was sent and what was run."""
    known(api)
    hook = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
    gone = api.post("/v1/webhooks", hook).json["id"]
    api.call("DELETE", f"/v1/webhooks/{gone}")
    entry = an_entry(tenant=api.tenant)
    change = AttributeChange("properties.city", None, "Rome")
    api.cloud.timelines.put(
        [
            entry,
            replace(entry, id="c", kind=EntryKind.CHANGE, topic=None, changes=(change,)),
        ]
    )
    api.cloud.events.put([an_event(tenant=api.tenant, id=entry.id)])
    delivery_id = ids.delivery_id(api.tenant, entry.id, gone)
    api.cloud.deliveries.add(
        a_delivery(
            id=delivery_id,
            tenant=api.tenant,
            webhook_id=gone,
            event_id=entry.id,
            body="x" * 400_000,
        )
    )
    api.cloud.runs.commit(
        a_run(tenant=api.tenant, profile_id="prf_1", output={"text": "y" * 400_000})
    )

    parts = subject(api)

    by_kind = {part["kind"]: part["record"] for part in parts}
    kinds = sorted(part["kind"] for part in parts)
    assert ["delivery", "event", "profile", "run", "timeline", "timeline"] == kinds
    names = {"kind": "email", "value": ADA["email"]}
    assert names in by_kind["profile"]["names"]
    assert {"city": "Rome"} == by_kind["profile"]["properties"]
    assert (delivery_id, 400_000) == (by_kind["delivery"]["id"], len(by_kind["delivery"]["body"]))
    assert "y" * 400_000 == by_kind["run"]["output"]["text"]
