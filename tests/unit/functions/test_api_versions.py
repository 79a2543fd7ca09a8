"""Versions of functions, which of them runs, and how it came so."""

from dataclasses import asdict
from typing import Any

import pytest

from runtime.core.functions.canary import Counts
from tests.api_client import ApiClient

SOURCES = tuple(f"def handler(event):\n    return {number}\n" for number in range(4))


@pytest.fixture
def vip(api: ApiClient) -> str:
    """The path of a function with three versions, the first of them live."""
    api.post("/v1/functions", {"name": "vip", "topics": ["metric.placed_order"]})
    for source in SOURCES[:3]:
        assert api.post("/v1/functions/vip/versions", {"source": source}).status == 201
    assert api.post("/v1/functions/vip/publish", {"version": 1}).status == 200
    return "/v1/functions/vip"


def runs(api: ApiClient, path: str) -> tuple[int | None, int | None]:
    """The live version, and the one on trial."""
    shown = api.get(path).json
    return shown["live_version"], (shown["canary"] or {}).get("version")


def log(api: ApiClient, path: str) -> list[tuple[str, int]]:
    """Kind and version of each release, the newest first."""
    return [(each["kind"], each["version"]) for each in api.get(f"{path}/releases").json["data"]]


def refusal(answer: Any) -> tuple[int, str, str | None]:
    """Status, code and field of a refusal."""
    return answer.status, answer.json["code"], answer.json.get("field")


def test_versions_are_listed_the_newest_first_and_shown_with_their_source(
    api: ApiClient, vip: str
) -> None:
    """A listing has no sources: a page of them would have three megabytes."""
    page = api.get(f"{vip}/versions", limit="2").json
    rest = api.get(f"{vip}/versions", limit="2", cursor=page["next_cursor"]).json

    assert [3, 2, 1] == [each["version"] for each in page["data"] + rest["data"]]
    assert "source" not in page["data"][0]
    assert SOURCES[1] == api.get(f"{vip}/versions/2").json["source"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("path", ["versions/9", "versions/0", "versions/x", "versions/1e3"])
def test_a_version_that_does_not_exist_is_not_found_or_no_number(
    api: ApiClient, vip: str, path: str
) -> None:
    """Never a fault of ours."""
    assert api.get(f"{vip}/{path}").status in {422, 404}
    assert api.call("DELETE", f"{vip}/{path}").status in {422, 404}


def test_a_source_pushed_again_under_a_key_is_answered_and_so_is_the_key_again(
    api: ApiClient, vip: str
) -> None:
    """The command line sends a key with each push; the answer is stored with its status."""
    path, body = f"{vip}/versions", {"source": SOURCES[1]}

    first = api.post(path, body, idempotency_key="push-1")
    again = api.post(path, body, idempotency_key="push-1")

    assert (200, 2, False) == (first.status, first.json["version"], first.json["is_new"])
    assert (first.status, first.json) == (again.status, again.json)


def test_a_source_pushed_again_is_the_version_that_it_was(api: ApiClient, vip: str) -> None:
    """Whatever came between."""
    answer = api.post(f"{vip}/versions", {"source": SOURCES[0]})

    assert (200, 1, False) == (answer.status, answer.json["version"], answer.json["is_new"])
    assert api.get(vip).json["latest_version"] == 3
    document = api.get("/openapi.json").json["paths"]["/v1/functions/{name}/versions"]
    responses = document["post"]["responses"]
    assert {"200", "201"} == {status for status in responses if status < "400"}


def test_a_rollback_goes_back_one_version_each_time(api: ApiClient, vip: str) -> None:
    """By the order in which they were live, not by their numbers."""
    for version in (3, 2):
        api.post(f"{vip}/publish", {"version": version})

    went = [api.post(f"{vip}/rollback").json["live_version"] for _ in range(2)]

    assert [3, 1] == went
    assert (409, "nothing_to_roll_back_to", None) == refusal(api.post(f"{vip}/rollback"))
    assert log(api, vip) == [
        ("rolled_back", 1),
        ("rolled_back", 3),
        ("published", 2),
        ("published", 3),
        ("published", 1),
    ]


def test_a_rollback_may_name_its_version(api: ApiClient, vip: str) -> None:
    """Also one that never was live."""
    assert api.post(f"{vip}/rollback", {"version": 2}).json["live_version"] == 2
    assert (409, "version_is_live", None) == refusal(api.post(f"{vip}/rollback", {"version": 2}))
    assert (404, "version_not_found", None) == refusal(api.post(f"{vip}/rollback", {"version": 9}))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "versions/9", None),
        ("DELETE", "versions/9", None),
        ("POST", "publish", {"version": 9}),
        ("POST", "rollback", {"version": 9}),
        ("PUT", "canary", {"version": 9}),
    ],
)
def test_a_version_that_was_never_pushed_is_refused_with_the_latest_there_is(
    api: ApiClient, vip: str, method: str, path: str, body: Any
) -> None:
    """So that the next try can name one that exists."""
    answer = api.call(method, f"{vip}/{path}", body)

    assert (404, "version_not_found", None) == refusal(answer)
    assert answer.json["detail"] == "vip has no version 9; its latest is 3"


def test_a_publish_of_what_is_live_changes_nothing(api: ApiClient, vip: str) -> None:
    """Else a rollback would lead to the same version again."""
    before = log(api, vip)

    assert api.post(f"{vip}/publish", {"version": 1}).json["live_version"] == 1

    assert before == log(api, vip)


def test_a_canary_gets_its_share_until_it_is_promoted(api: ApiClient, vip: str) -> None:
    """Its share may change on the way, and its events stay with it."""
    started = api.call("PUT", f"{vip}/canary", {"version": 2, "percent": 10}).json["canary"]
    changed = api.call("PUT", f"{vip}/canary", {"version": 2, "percent": 50}).json["canary"]

    assert (started["id"], 10, 50) == (changed["id"], started["percent"], changed["percent"])
    assert (1, 2) == runs(api, vip)
    assert api.post(f"{vip}/canary/promote").status == 200
    assert (2, None) == runs(api, vip)
    assert log(api, vip)[:3] == [
        ("canary_promoted", 2),
        ("canary_changed", 2),
        ("canary_started", 2),
    ]


def test_a_canary_is_shown_with_what_was_counted_of_it(api: ApiClient, vip: str) -> None:
    """The numbers by which somebody decides to promote it."""
    ended = {"live_version": 1, "canary": None, "counts": None}
    assert ended.items() <= api.get(f"{vip}/canary").json.items()
    trial = api.call("PUT", f"{vip}/canary", {"version": 2}).json["canary"]
    gain = Counts(live_runs=90, live_failures=1, canary_runs=10)
    api.application.functions.canary_counts.add(api.tenant, trial["id"], gain)

    shown = api.get(f"{vip}/canary").json

    assert (trial, 1, asdict(gain)) == (shown["canary"], shown["live_version"], shown["counts"])


@pytest.mark.parametrize("verb", ["stop", "rollback"])
def test_a_canary_ends_and_the_live_version_stays(api: ApiClient, vip: str, verb: str) -> None:
    """The newest release is what a rollback takes back first."""
    api.call("PUT", f"{vip}/canary", {"version": 2})

    if verb == "stop":
        assert api.call("DELETE", f"{vip}/canary").status == 200
    else:
        assert api.post(f"{vip}/rollback").status == 200

    assert (1, None) == runs(api, vip)
    assert ("canary_stopped", 2) == log(api, vip)[0]


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"version": 2, "percent": 101}, (422, "bad_share", "percent")),
        ({"version": 2, "percent": 0}, (422, "bad_share", "percent")),
        ({"version": 2, "percent": -1}, (422, "bad_share", "percent")),
        ({"version": 2, "percent": 5e-324}, (422, "bad_share", "percent")),
        ({"version": 2, "margin_points": 101}, (422, "bad_margin", "margin_points")),
        ({"version": 2, "min_runs": 0}, (422, "bad_min_runs", "min_runs")),
        ({"version": 9}, (404, "version_not_found", None)),
        ({"version": 1}, (409, "canary_is_live", None)),
        ({}, (422, "missing_field", "version")),
        ({"version": "2"}, (422, "bad_field", "version")),
        ({"version": 2, "share": 5}, (422, "unknown_field", "share")),
    ],
)
def test_a_canary_that_could_not_work_is_refused(
    api: ApiClient, vip: str, body: Any, refused: tuple[int, str, str | None]
) -> None:
    """By field, and nothing changes."""
    assert refused == refusal(api.call("PUT", f"{vip}/canary", body))
    assert (1, None) == runs(api, vip)


def test_only_one_version_is_on_trial_and_only_beside_a_live_one(api: ApiClient, vip: str) -> None:
    """Two would each be compared with a mixture."""
    api.call("PUT", f"{vip}/canary", {"version": 2})

    assert (409, "canary_running", None) == refusal(
        api.call("PUT", f"{vip}/canary", {"version": 3})
    )
    assert (409, "canary_running", None) == refusal(api.post(f"{vip}/publish", {"version": 3}))
    assert api.post(f"{vip}/publish", {"version": 2}).json["canary"] is None
    assert (409, "no_canary", None) == refusal(api.post(f"{vip}/canary/promote"))
    api.post("/v1/functions", {"name": "new"})
    api.post("/v1/functions/new/versions", {"source": SOURCES[0]})
    assert (409, "no_live_version", None) == refusal(
        api.call("PUT", "/v1/functions/new/canary", {"version": 1})
    )


def test_a_deleted_version_leaves_its_number_and_can_never_run(api: ApiClient, vip: str) -> None:
    """Its source may come again, as another version."""
    api.post(f"{vip}/publish", {"version": 2})
    api.post(f"{vip}/publish", {"version": 3})

    assert [204, 204] == [api.call("DELETE", f"{vip}/versions/2").status for _ in range(2)]

    shown = api.get(f"{vip}/versions/2").json
    assert ("", True) == (shown["source"], shown["deleted_at"] is not None)
    for call, path in (("POST", "publish"), ("POST", "rollback"), ("PUT", "canary")):
        answer = api.call(call, f"{vip}/{path}", {"version": 2})
        assert (409, "version_deleted") == refusal(answer)[:2]
        assert "push its source again" in answer.json["detail"]
    assert api.post(f"{vip}/rollback").json["live_version"] == 1
    assert api.post(f"{vip}/versions", {"source": SOURCES[1]}).json["version"] == 4


def test_what_runs_cannot_be_deleted(api: ApiClient, vip: str) -> None:
    """Neither the live version nor the one on trial."""
    api.call("PUT", f"{vip}/canary", {"version": 2})

    assert (409, "version_is_live", None) == refusal(api.call("DELETE", f"{vip}/versions/1"))
    assert (409, "canary_running", None) == refusal(api.call("DELETE", f"{vip}/versions/2"))
    assert (1, 2) == runs(api, vip)
