"""The timeline of a person over the API: what happened, and what came of it as it stands now."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions.run import Outcome
from runtime.core.profiles import profile as profiles
from runtime.core.timeline.entry import AttributeChange, Entry, EntryKind
from runtime.core.timestamps import of_epoch_ms
from runtime.usecases.timeline import show_timeline
from tests.api_client import ApiClient
from tests.builders import NOW_MS, a_delivery, a_profile, a_run
from tests.timeline import an_entry

PATH = "/v1/profiles/prf_1/timeline"
HOOK = {"name": "n", "url": "https://hooks.example.com/", "topics": ["message.email.*"]}


def known(api: ApiClient, *entries: Entry, **changes: Any) -> None:
    """A person of the caller's tenant, with a timeline."""
    fields = {"id": "prf_1", "external_id": None, "email": None, **changes}
    api.cloud.keep(a_profile(tenant=api.tenant, **fields))
    api.cloud.timelines.put(replace(entry, tenant=api.tenant) for entry in entries)


def told(api: ApiClient, path: str = PATH, **query: Any) -> list[dict[str, Any]]:
    """A whole timeline, page by page."""
    entries: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(path, **query, **cursor)
        assert 200 == page.status, page.text
        entries += page.json["data"]
        if page.json["next_cursor"] is None:
            return entries
        cursor = {"cursor": page.json["next_cursor"]}


def test_an_entry_of_each_kind_is_shown_with_what_it_tells(api: ApiClient) -> None:
    """What a kind does not have is null or empty, so that programs need not ask first."""
    change = AttributeChange("properties.city", None, {"a": [1]})
    refusal: dict[str, Any] = {
        "event_id": "evt_1",
        "name_kind": "email",
        "name_value": "x",
        "rule": "kept_apart",
    }
    bare = an_entry(topic=None)
    known(
        api,
        an_entry(),
        replace(bare, id="c", kind=EntryKind.CHANGE, cause="run:r", changes=(change,)),
        replace(bare, id="m", kind=EntryKind.MERGE, profile_ids=("prf_2",)),
        replace(bare, id="r", kind=EntryKind.REFUSAL, **refusal),
    )

    by_kind = {entry["kind"]: entry for entry in told(api)}

    assert {"event", "change", "merge", "refusal"} == by_kind.keys()
    event = by_kind["event"]
    assert ("evt_1", "message.email.clicked", []) == (event["id"], event["topic"], event["changes"])
    assert (None, [], False) == (event["cause"], event["runs"], event["is_partial"])
    (shown,) = by_kind["change"]["changes"]
    assert {"attribute": "properties.city", "before": None, "after": {"a": [1]}} == {
        name: shown[name] for name in ("attribute", "before", "after")
    }
    assert "run:r" == by_kind["change"]["cause"]
    assert ["prf_2"] == by_kind["merge"]["profile_ids"]
    assert refusal == {name: by_kind["refusal"][name] for name in refusal}


def test_an_event_is_shown_with_its_runs_and_deliveries_as_they_stand_now(api: ApiClient) -> None:
    """They are read when somebody asks, so a retry's success shows at once."""
    known(api, an_entry(), an_entry(id="evt_2", topic="metric.other"))
    hook = str(api.post("/v1/webhooks", HOOK).json["id"])
    api.post("/v1/functions", {"name": "vip", "topics": ["message.email.clicked"]})
    run_id = ids.run_id(api.tenant, "evt_1", "vip")
    run = a_run(id=run_id, tenant=api.tenant, function="vip", event_id="evt_1")
    api.cloud.runs.commit(replace(run, outcome=Outcome.RAISED, error={"type": "KeyError"}))
    waiting = a_delivery(
        id=ids.delivery_id(api.tenant, "evt_1", hook),
        tenant=api.tenant,
        webhook_id=hook,
        event_id="evt_1",
        due_at_ms=NOW_MS,
    )
    api.cloud.deliveries.add(waiting)

    by_id = {entry["id"]: entry for entry in told(api)}
    delivered = replace(waiting, status=Status.DELIVERED, due_at_ms=None)
    assert api.cloud.deliveries.replace(waiting, delivered)
    later = {entry["id"]: entry for entry in told(api)}

    (shown_run,) = by_id["evt_1"]["runs"]
    assert (run_id, "vip", "raised") == tuple(shown_run[x] for x in ("id", "function", "outcome"))
    statuses = [
        [each["status"] for each in entries["evt_1"]["deliveries"]] for entries in (by_id, later)
    ]
    assert [["pending"], ["delivered"]] == statuses
    assert [] == by_id["evt_2"]["deliveries"]


def test_what_a_function_delivered_besides_is_shown(api: ApiClient) -> None:
    """Its id does not follow from event and webhook; the run says that there may be some."""
    known(api, an_entry())
    hook = str(api.post("/v1/webhooks", {**HOOK, "topics": ["metric.y"]}).json["id"])
    api.post("/v1/functions", {"name": "vip", "topics": ["message.email.clicked"]})
    run_id = ids.run_id(api.tenant, "evt_1", "vip")
    effects = ({"op": "deliver", "webhook": hook, "payload": {}},)
    run = a_run(id=run_id, tenant=api.tenant, function="vip", event_id="evt_1", effects=effects)
    api.cloud.runs.commit(run)
    sent = a_delivery(
        id=ids.delivery_id(api.tenant, run_id, hook),
        tenant=api.tenant,
        webhook_id=hook,
        event_id="evt_1",
        status=Status.DELIVERED,
        due_at_ms=None,
    )
    api.cloud.deliveries.add(sent)

    (entry,) = told(api)

    assert [sent.id] == [each["id"] for each in entry["deliveries"]]


def test_a_merged_person_has_one_timeline_by_either_id(api: ApiClient) -> None:
    """What happened to the one that was merged stands among the rest, under its id of then."""
    entries = [
        an_entry(id=f"evt_{n}", at=of_epoch_ms(NOW_MS + n), profile_id=f"prf_{1 + n % 2}")
        for n in range(6)
    ]
    known(api, *entries, merged_ids=("prf_2",))
    loser = a_profile(id="prf_2", tenant=api.tenant, external_id=None, email=None)
    api.cloud.keep(profiles.redirect(loser, into="prf_1"))

    timeline = told(api, limit=2)

    assert [f"evt_{n}" for n in (5, 4, 3, 2, 1, 0)] == [entry["id"] for entry in timeline]
    assert {"prf_1", "prf_2"} == {entry["profile_id"] for entry in timeline}
    assert timeline == told(api, "/v1/profiles/prf_2/timeline")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"kind": "merge"}, [2]),
        ({"since": of_epoch_ms(NOW_MS + 2)}, [3, 2]),
        ({"until": of_epoch_ms(NOW_MS + 1)}, [1, 0]),
        ({"kind": "event", "since": of_epoch_ms(NOW_MS + 1)}, [3, 1]),
    ],
)
def test_a_timeline_is_asked_for_by_kind_and_time(
    api: ApiClient, query: dict[str, str], numbers: list[int]
) -> None:
    """A long life is read in parts."""
    kinds = {2: EntryKind.MERGE}
    known(
        api,
        *(
            an_entry(id=str(n), at=of_epoch_ms(NOW_MS + n), kind=kinds.get(n, EntryKind.EVENT))
            for n in range(4)
        ),
    )

    assert numbers == [int(entry["id"]) for entry in told(api, **query, limit=1)]


def test_a_page_is_cut_where_it_would_look_up_too_much(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred webhooks and a hundred events are no reason to read twenty thousand records."""
    monkeypatch.setattr(show_timeline, "MAX_LOOKED_UP", 3)
    known(api, *(an_entry(id=f"evt_{n}", at=of_epoch_ms(NOW_MS + n)) for n in range(4)))
    for _ in range(2):
        api.post("/v1/webhooks", HOOK)

    first = api.get(PATH).json

    assert ["evt_3"] == [entry["id"] for entry in first["data"]]
    assert [f"evt_{n}" for n in (3, 2, 1, 0)] == [entry["id"] for entry in told(api)]


def test_an_event_says_when_not_everything_was_looked_up(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else somebody would think that nothing else was sent."""
    monkeypatch.setattr(show_timeline, "MAX_SUBSCRIBERS", 1)
    known(api, an_entry())
    for _ in range(2):
        api.post("/v1/webhooks", HOOK)

    assert [True] == [entry["is_partial"] for entry in told(api)]


@pytest.mark.parametrize("changes", [{"deleted": True}, {"erased_at": "2026-11-20T00:00:00.000Z"}])
def test_nobody_reads_the_timeline_of_somebody_who_is_gone(
    api: ApiClient, changes: dict[str, Any]
) -> None:
    """Nor of somebody who never was, or is another tenant's."""
    known(api, an_entry(), **changes)

    answers = [api.get(PATH), api.get("/v1/profiles/none/timeline"), api.newcomer().get(PATH)]

    codes = [(each.status, each.json["code"]) for each in answers]
    assert [(404, "profile_not_found")] * 3 == codes


def test_a_profile_whose_id_ends_like_the_path_is_shown_as_itself(api: ApiClient) -> None:
    """Producers choose their people's ids."""
    known(api, an_entry(profile_id="a/timeline"), id="a/timeline")

    profile = api.get(f"/v1/profiles/{quote('a/timeline', safe='')}").json
    timeline = told(api, f"/v1/profiles/{quote('a/timeline', safe='')}/timeline")

    assert ("a/timeline", ["evt_1"]) == (profile["id"], [entry["id"] for entry in timeline])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"since": "yesterday"}, "bad_time"),
        ({"kind": "run"}, "bad_field"),
        ({"cursor": "x"}, "bad_cursor"),
        ({"limit": 0}, "bad_field"),
        ({"x": 1}, "unknown_field"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(
    api: ApiClient, query: dict[str, Any], code: str
) -> None:
    """With the field that is wrong; nothing is left out in silence."""
    known(api, an_entry())

    answer = api.get(PATH, **query)

    assert (code, True) == (answer.json["code"], next(iter(query)) in answer.text)
