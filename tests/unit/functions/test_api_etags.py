"""Conditional requests: nobody overwrites what they have not read, and nothing is sent twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pytest

from functions._api import openapi
from functions._api.endpoints import ENDPOINTS
from tests.api_client import Answer, ApiClient
from tests.overtaking import overtaken_by

HOOK: Final = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
FILTER: Final = {"properties": {"value": [{"numeric": [">", 1.0]}], "a": ["b"]}}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A kind of thing: how one is made, where it is, and the calls that change it, in order."""

    kind: str
    made_by: tuple[str, Mapping[str, Any]]
    path: str  # with the name of the field that names it
    changes: tuple[tuple[str, str, Mapping[str, Any] | None], ...]
    setting: str = "name"  # one that takes any of `another`

    def another(self, n: int) -> Mapping[str, Any]:
        """A change like no other that was made."""
        text = f"h{n}.example.com"
        return {self.setting: text if self.setting == "name" else [text]}

    def make(self, api: ApiClient) -> Answer:
        """A new one."""
        return api.post(*self.made_by)

    def path_of(self, made: Answer) -> str:
        """Where it is."""
        return self.path.format(**made.json)


CASES: Final = (
    Case(
        kind="webhook",
        made_by=("/v1/webhooks", HOOK),
        path="/v1/webhooks/{id}",
        changes=(
            ("PATCH", "", {"name": "m", "filter": FILTER, "retry_schedule_s": [5], "timeout_s": 5}),
            ("POST", "/disable", {}),
            ("POST", "/enable", {}),
            ("POST", "/rotate-secret", {}),
            ("DELETE", "", None),
        ),
    ),
    Case(
        kind="sync",
        made_by=("/v1/syncs", {"name": "n", "kind": "s3"}),
        path="/v1/syncs/{id}",
        changes=(
            ("PATCH", "", {"name": "m"}),
            ("POST", "/pause", {}),
            ("POST", "/resume", {}),
            ("DELETE", "", None),
        ),
    ),
    Case(
        kind="transform",
        made_by=(
            "/v1/transforms",
            {"name": "n", "method": "format", "sources": ["a"], "settings": {"trim": True}},
        ),
        path="/v1/transforms/{id}",
        changes=(
            ("PATCH", "", {"settings": {"case": "upper"}}),
            ("POST", "/revert", {"version": 1}),
            ("PATCH", "", {"enabled": False}),
            ("DELETE", "", None),
        ),
    ),
)
FUNCTION: Final = Case(
    kind="function",
    made_by=("/v1/functions", {"name": "vip"}),
    path="/v1/functions/{name}",
    setting="http_hosts",
    changes=(
        ("PATCH", "", {"limits": {"wall_s": 2}, "environment": {"A": "b"}, "topics": ["metric.x"]}),
        ("PUT", "/environment", {"values": {"A": "1"}}),
        ("PUT", "/secrets/TOKEN", {"value": "hush"}),
        ("DELETE", "/secrets/TOKEN", None),
        ("POST", "/versions", {"source": "def handler(event):\n    return 1\n"}),
        ("POST", "/versions", {"source": "def handler(event):\n    return 2\n"}),
        ("POST", "/publish", {"version": 1}),
        ("PUT", "/canary", {"version": 2}),
        ("DELETE", "/canary", None),
        ("PUT", "/canary", {"version": 2}),
        ("POST", "/canary/promote", {}),
        ("POST", "/rollback", {}),
        ("DELETE", "/versions/2", None),
        ("POST", "/disable", {}),
        ("POST", "/enable", {}),
        ("DELETE", "", None),
    ),
)
every_kind = pytest.mark.parametrize("case", [*CASES, FUNCTION], ids=lambda case: case.kind)
every_plain_kind = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
# A sync is shown with how it does, like a function, and that is not in its ETag.
every_kind_that_shows_settings_alone = pytest.mark.parametrize(
    "case", [case for case in CASES if case.kind != "sync"], ids=lambda case: case.kind
)


@every_kind
def test_every_answer_that_shows_a_thing_has_its_etag(api: ApiClient, case: Case) -> None:
    """The header is for clients, the field for people and lists; a new state has another."""
    made = case.make(api)
    path = case.path_of(made)
    shown = api.get(path)

    assert f'"{shown.json["etag"]}"' == shown.headers["etag"] == made.headers["etag"]
    collection = path.rpartition("/")[0]
    assert [shown.json["etag"]] == [each["etag"] for each in api.get(collection).json["data"]]
    method, below, body = case.changes[0]
    changed = api.call(method, path + below, body)
    assert changed.headers["etag"] == api.get(path).headers["etag"] != made.headers["etag"]


@every_kind
def test_a_change_of_a_state_that_is_gone_is_refused_and_changes_nothing(
    api: ApiClient, case: Case
) -> None:
    """Two people with one thing open: the second must see the first's change before it is lost."""
    path = case.path_of(case.make(api))
    for method, below, body in case.changes:
        before = api.get(path)
        for condition in ('"0"', f"W/{before.headers['etag']}", '"0", "1"'):
            refused = api.call(method, path + below, body, headers={"if-match": condition})
            assert (412, "precondition_failed") == (refused.status, refused.json["code"])
            assert before.headers["etag"] == refused.headers["etag"]
            assert before.json["etag"] == refused.json["etag"]
        assert before.json == api.get(path).json

        met = f'"0", {before.headers["etag"]}'
        done = api.call(method, path + below, body, headers={"if-match": met})
        assert done.status in {200, 201, 204}


@every_kind
def test_of_two_writers_at_the_same_moment_one_is_told_to_look(api: ApiClient, case: Case) -> None:
    """Both have read the same; who comes second would overwrite what it has never seen."""
    path = case.path_of(case.make(api))
    for n, (method, below, body) in enumerate(case.changes):
        read = {"if-match": api.get(path).headers["etag"]}
        faster = partial(api.call, "PATCH", path, case.another(n), headers=read)

        with overtaken_by(api, faster) as won:
            lost = api.call(method, path + below, body, headers=read)

        shown = api.get(path)
        assert [200, 412] == [won[0].status, lost.status]
        assert shown.headers["etag"] == won[0].headers["etag"] == lost.headers["etag"]
        api.call(method, path + below, body)


@every_plain_kind
def test_a_star_and_no_header_change_whatever_is_there(api: ApiClient, case: Case) -> None:
    """Scripts that say what shall be need not read first; but a star makes nothing."""
    path = case.path_of(case.make(api))
    method, below, body = case.changes[0]

    for headers in ({"if-match": "*"}, {}):
        assert 200 == api.call(method, path + below, body, headers=headers).status
    assert 204 == api.call("DELETE", path, headers={"if-match": "*"}).status
    assert 404 == api.call("DELETE", path, headers={"if-match": "*"}).status


@every_kind_that_shows_settings_alone
def test_who_has_the_thing_already_is_told_so_in_a_line(api: ApiClient, case: Case) -> None:
    """Whoever polls a setting must not be sent it a thousand times."""
    path = case.path_of(case.make(api))
    etag = api.get(path).headers["etag"]

    for condition in (etag, f"W/{etag}", f'"0" , {etag}', "*"):
        known = api.call("GET", path, headers={"if-none-match": condition})
        assert (304, "", etag) == (known.status, known.text, known.headers["etag"])
    assert 200 == api.call("GET", path, headers={"if-none-match": '"0"'}).status
    assert 404 == api.call("GET", f"{path}x", headers={"if-none-match": "*"}).status


def test_a_restoration_is_refused_by_a_state_that_is_gone(api: ApiClient) -> None:
    """Somebody may have deleted it again, for a reason that the first did not know."""
    path = FUNCTION.path_of(FUNCTION.make(api))
    before = api.get(path).headers["etag"]
    deleted = api.call("DELETE", path)

    stale = api.call("POST", f"{path}/restore", {}, headers={"if-match": before})
    met = api.call("POST", f"{path}/restore", {}, headers={"if-match": deleted.headers["etag"]})

    assert (412, 200) == (stale.status, met.status)
    assert None is api.get(path).json["deleted_at"]


def test_all_that_belongs_to_a_function_has_the_functions_etag(api: ApiClient) -> None:
    """A function is one thing; but how it does is no part of it, so that is always sent."""
    path = FUNCTION.path_of(FUNCTION.make(api))
    etag = api.get(path).headers["etag"]
    known = {"if-none-match": etag}

    environment = api.call("GET", f"{path}/environment", headers=known)

    assert (304, etag) == (environment.status, environment.headers["etag"])
    for below in ("", "/canary"):
        whole = api.call("GET", path + below, headers=known)
        assert (200, etag) == (whole.status, whole.headers["etag"])


@pytest.mark.parametrize("condition", ["", "x", '"', '"a" "b"', '"a",', "*, *", 'w/"a"', '"a\0"'])
def test_a_malformed_condition_is_refused(api: ApiClient, condition: str) -> None:
    """A condition that is not understood must not count as none."""
    case = CASES[0]
    path = case.path_of(case.make(api))
    before = api.get(path)

    changed = api.call("PATCH", path, {"name": "m"}, headers={"if-match": condition})
    asked = api.call("GET", path, headers={"if-none-match": condition})

    assert (400, "bad_condition") == (changed.status, changed.json["code"])
    assert ("If-Match", "If-None-Match") == (changed.json["field"], asked.json["field"])
    assert before.json == api.get(path).json


def test_a_repeat_by_idempotency_key_is_answered_though_the_etag_is_stale(api: ApiClient) -> None:
    """The change was made by the first of the two; the caller never got its answer."""
    case = CASES[0]
    made = case.make(api)
    path = f"{case.path_of(made)}/disable"
    headers = {"if-match": made.headers["etag"], "idempotency-key": "k"}

    first, again = (api.call("POST", path, {}, headers=headers) for _ in range(2))

    assert (200, first.json) == (again.status, again.json)
    assert first.headers["etag"] == again.headers["etag"] != made.headers["etag"]


def test_the_document_names_conditions_and_their_answers() -> None:
    """Clients are made of it; a status that it does not name breaks them."""
    paths = openapi.document(ENDPOINTS, version="1")["paths"]
    shown, changed = (
        paths["/v1/webhooks/{webhook_id}"]["get"],
        paths["/v1/syncs/{sync_id}"]["patch"],
    )

    assert "If-None-Match" in {each["name"] for each in shown["parameters"]}
    assert {"200", "304"} <= set(shown["responses"])
    assert "If-Match" in {each["name"] for each in changed["parameters"]}
    assert {"200", "412"} <= set(changed["responses"])
    for status in ("200", "412"):
        assert ["ETag"] == list(changed["responses"][status]["headers"])
