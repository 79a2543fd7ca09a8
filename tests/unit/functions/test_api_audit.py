"""Who changed what: an entry for each change that a caller makes, and who may read it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions._api.endpoints import ENDPOINTS
from runtime.core.audit import selection
from runtime.core.tenancy import api_key
from runtime.core.tenancy.scopes import ADMIN, PRESETS
from tests import api_examples, api_story, audit
from tests.api_client import Answer, ApiClient
from tests.overtaking import overtaken_by

HOOK = {"name": "orders", "url": "https://hooks.example.com/in", "topics": ["metric.x"]}
# Operations that are no change of what a tenant has set up, and why.
NOT_AUDITED = {
    "POST /v1/events": "events are kept themselves, and there are millions",
    "POST /v1/transform-dry-runs": "it stores nothing",
    "POST /v1/transforms/{transform_id}/dry-run": "it stores nothing",
}


def a_webhook(api: ApiClient, **changes: Any) -> str:
    """The path of a new webhook."""
    return f"/v1/webhooks/{api.post('/v1/webhooks', HOOK | changes).json['id']}"


def entries(api: ApiClient, **query: Any) -> list[dict[str, Any]]:
    """The entries of the tenant, the newest first, each whole."""
    listed = api.get("/v1/audit", **query)
    assert 200 == listed.status, listed.text
    return [api.get(f"/v1/audit/{each['id']}").json for each in listed.json["data"]]


def newest(api: ApiClient) -> dict[str, Any]:
    """The last entry."""
    return entries(api, limit=1)[0]


class TestWhatIsRecorded:
    """Each operation that changes something."""

    def test_every_operation_that_is_no_get_is_recorded_or_has_a_reason(self) -> None:
        """A new endpoint must not be the one that was forgotten."""
        others = {f"{each.method} {each.path}" for each in ENDPOINTS if each.audited is None}

        assert NOT_AUDITED.keys() == {each for each in others if not each.startswith("GET ")}

    def test_every_action_can_be_subscribed_to_and_asked_for(self) -> None:
        """Its event has a topic that a webhook may name, and a listing may be narrowed to it."""
        actions = {each.audited.action for each in ENDPOINTS if each.audited}

        assert len(actions) > 30
        for action in actions:
            assert action == selection.action(action)
            selection.action(f"{action.partition('.')[0]}.*")

    def test_a_change_says_who_what_and_what_it_was_before(self, api: ApiClient) -> None:
        """The question that nobody could answer."""
        path = a_webhook(api)
        before = api.get(path).json

        after = api.call("PATCH", path, {"timeout_s": 5, "name": "shop"}).json

        entry = newest(api)
        key = api.get("/v1/api-keys").json["data"][0]
        assert {"kind": "api_key", "id": key["id"], "name": "test"} == entry["actor"]
        assert {"kind": "webhook", "id": before["id"]} == entry["resource"]
        assert ("webhook.updated", "done", None, "request-1") == tuple(
            entry[name] for name in ("action", "outcome", "code", "request_id")
        )
        assert ["name", "timeout_s"] == entry["changed"]
        assert (before, after) == (entry["before"], entry["after"])
        assert entry["at"] <= entry["ended_at"]

    def test_a_creation_has_no_before_and_a_deletion_no_after(self, api: ApiClient) -> None:
        """And the entry of a creation names what has only got its id by it."""
        path = a_webhook(api)
        shown = api.get(path).json
        api.call("DELETE", path)

        deleted, created = entries(api)

        assert ("webhook.deleted", shown, None) == (
            deleted["action"],
            deleted["before"],
            deleted["after"],
        )
        assert (None, shown) == (created["before"], created["after"])
        assert shown["id"] == created["resource"]["id"] == deleted["resource"]["id"]

    @pytest.mark.parametrize(
        ("method", "path", "body", "code", "resource"),
        [
            ("PATCH", "/v1/webhooks/whk_none", {"name": "x"}, "webhook_not_found", "whk_none"),
            ("POST", "/v1/functions/none/publish", {}, "function_not_found", "none"),
            ("POST", "/v1/webhooks", HOOK | {"url": "https://10.0.0.1/"}, "url_ip_literal", None),
            (
                "DELETE",
                "/v1/functions/none/secrets/TOKEN",
                None,
                "function_not_found",
                "none/TOKEN",
            ),
        ],
    )
    def test_a_change_that_is_refused_is_recorded_with_its_code(
        self, api: ApiClient, method: str, path: str, body: Any, code: str, resource: str | None
    ) -> None:
        """Somebody who tries what they may not, or what is not there, leaves a trace."""
        api = api.newcomer()
        assert code == api.call(method, path, body).json["code"]

        [entry] = entries(api)

        assert ("refused", code, resource) == (
            entry["outcome"],
            entry["code"],
            entry["resource"]["id"],
        )
        assert (None, None) == (entry["before"], entry["after"])

    def test_a_change_that_meets_another_etag_is_refused_with_what_was_there(
        self, api: ApiClient
    ) -> None:
        """Nothing has changed."""
        path = a_webhook(api)
        condition = {"if-match": f'"{"0" * 32}"'}
        assert 412 == api.call("PATCH", path, {"name": "x"}, headers=condition).status

        entry = newest(api)

        assert ("refused", "precondition_failed") == (entry["outcome"], entry["code"])
        assert api.get(path).json == entry["before"]

    def test_of_two_who_change_the_same_thing_at_once_each_has_an_entry(
        self, api: ApiClient
    ) -> None:
        """The one that was overtaken says that it was refused."""
        path = a_webhook(api)

        with overtaken_by(api, lambda: api.call("PATCH", path, {"name": "first"})):
            slow = api.call("PATCH", path, {"name": "second"})

        outcomes = {each["outcome"] for each in entries(api, action="webhook.updated")}
        assert ("first", {"done", "unknown" if slow.status == 503 else "refused"}) == (
            api.get(path).json["name"],
            outcomes,
        )

    @pytest.mark.parametrize(
        "call",
        [
            ("POST", "/v1/events", {"topic": "metric.x"}),
            ("GET", "/v1/webhooks", None),
            ("POST", "/v1/webhooks", {"name": "x"}),  # cannot be read, so nobody was asked to act
        ],
    )
    def test_what_changes_nothing_leaves_no_entry(self, api: ApiClient, call: Any) -> None:
        """Reading and sending events cost what they did."""
        api = api.newcomer()
        api.call(*call)

        assert [] == entries(api)

    def test_a_dry_run_leaves_no_entry_and_an_invoke_does(self, api: ApiClient) -> None:
        """A dry run stores nothing; an invoke stores a run, of which the entry has no payload."""
        api.post("/v1/functions", {"name": "vip"})
        api.post("/v1/functions/vip/versions", {"source": "def handler(event): return 1\n"})
        api.post("/v1/functions/vip/publish")
        body = {"event": {"topic": "metric.x", "properties": {"person": "ada"}}}

        assert 200 == api.post("/v1/functions/vip/invoke", body | {"dry_run": True}).status
        assert "function.published" == newest(api)["action"]

        run = api.post("/v1/functions/vip/invoke", body).json
        entry = newest(api)
        assert ("function.invoked", run["run_id"]) == (entry["action"], entry["after"]["run_id"])
        assert "ada" not in json.dumps(entry)

    def test_a_repeat_by_idempotency_key_is_no_second_change(self, api: ApiClient) -> None:
        """It gets the first answer, and does nothing."""
        api = api.newcomer()
        made = [api.post("/v1/webhooks", HOOK, idempotency_key="k").json["id"] for _ in range(2)]

        assert 1 == len(set(made)) == len(entries(api))

    def test_a_source_is_recorded_by_its_hash(self, api: ApiClient) -> None:
        """64 KB of text are not the news; and a push of what was there has changed nothing."""
        api.post("/v1/functions", {"name": "vip"})
        source = {"source": "def handler(event):\n    return 'unmistakable'\n"}
        pushed = [api.post("/v1/functions/vip/versions", source).json for _ in range(2)]

        again, first = entries(api, action="version.pushed")

        assert "unmistakable" not in json.dumps([again, first])
        assert {"kind": "version", "id": "vip/1"} == first["resource"]
        assert (None, pushed[0]["source_sha256"]) == (
            first["before"],
            first["after"]["source_sha256"],
        )
        assert again["before"] == again["after"] == first["after"]

    def test_the_whole_story_leaves_no_secret_and_no_credential(
        self, story: "WatchedStory"
    ) -> None:
        """Every operation of the API is called, and each value that is shown once is looked for."""
        secret = {"value": "a-value-nobody-else-has"}
        story.api.post("/v1/functions", {"name": "s", "secrets": ["TOKEN"]})
        story.api.call("PUT", "/v1/functions/s/secrets/TOKEN", secret)
        own = "whsec_" + "b25seS1vbmNlLW9ubHktb25jZS1vbmx5"
        access = {
            "headers": {"x-token": "header-only-once"},
            "auth": {"kind": "basic", "username": "u", "password": "password-only-once"},
            "url": "https://hooks.example.com/in?token=url-only-once",
            "secret": own,
        }
        a_webhook(story.api, **access)
        known = [*story.shown_once, secret["value"], "header-only-once", "password-only-once"]
        known += ["url-only-once", own, "not-a-real-token", api_examples.SOURCE[:30]]

        shown = entries(story.reader, limit=200)
        text = json.dumps(shown)

        assert len(known) > 8
        assert [] == [value for value in known if value in text]
        actions = {each.audited.action for each in ENDPOINTS if each.audited}
        # The story makes a dry run only, and another key of its tenant.
        assert actions - {"function.invoked"} == {each["action"] for each in shown}


class TestWhoReads:
    """Entries are for their tenant, and for keys with the scope."""

    def test_another_tenants_entry_looks_like_none(self, api: ApiClient) -> None:
        """Not even its existence is anybody else's business."""
        a_webhook(api)
        entry = newest(api)
        other = api.newcomer()

        assert [] == entries(other)
        answer = other.get(f"/v1/audit/{entry['id']}")
        assert (404, "audit_entry_not_found") == (answer.status, answer.json["code"])

    def test_a_cursor_of_another_tenant_or_filter_is_refused(self, api: ApiClient) -> None:
        """A cursor goes on with its own listing only."""
        for _ in range(2):
            a_webhook(api)
        cursor = api.get("/v1/audit", limit=1).json["next_cursor"]

        for reader, query in ((api.newcomer(), {}), (api, {"action": "webhook.*"})):
            answer = reader.get("/v1/audit", limit=1, cursor=cursor, **query)
            assert (400, "bad_cursor") == (answer.status, answer.json["code"])
        assert 200 == api.get("/v1/audit", limit=1, cursor=cursor).status

    def test_a_key_without_the_scope_and_one_for_one_webhook_read_nothing(
        self, api: ApiClient
    ) -> None:
        """An entry shows what keys are called, and what other webhooks are."""
        hook = a_webhook(api).rpartition("/")[2]
        receiver = api.post(
            "/v1/api-keys", {"name": "r", "preset": "receiver", "webhook_id": hook}
        ).json["key"]

        answers = [
            api.with_scopes("webhooks:read", "keys:read").get("/v1/audit"),
            api.with_key(receiver).get("/v1/audit"),
        ]

        assert [403, 403] == [each.status for each in answers]
        assert 200 == api.with_scopes(ADMIN).get("/v1/audit").status
        assert "audit:read" in PRESETS["developer"]
        assert "audit:read" not in PRESETS["viewer"]

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"since": "yesterday"}, "bad_time"),
            ({"action": "webhook"}, "unknown_action"),
            ({"action": "webhook.painted"}, "unknown_action"),
            ({"action": "planet.*"}, "unknown_action"),
            ({"action": "*"}, "unknown_action"),
            ({"outcome": "fine"}, "bad_field"),
            ({"resource": ""}, "bad_field"),
            ({"colour": "red"}, "unknown_field"),
        ],
    )
    def test_a_filter_that_could_never_match_is_refused(
        self, api: ApiClient, query: dict[str, str], code: str
    ) -> None:
        """An empty list would say that nobody has done anything."""
        answer = api.get("/v1/audit", **query)

        assert (422, code) == (answer.status, answer.json["code"])

    def test_a_filter_narrows_the_listing(self, api: ApiClient) -> None:
        """By what was done, by whom, to what, and with which end."""
        path = a_webhook(api)
        api.with_scopes("webhooks:write").call("PATCH", path, {"name": "x"})
        api.call("PATCH", "/v1/webhooks/whk_none", {"name": "x"})
        update, create = entries(api, resource=path.rpartition("/")[2])

        def ids(**query: str) -> list[str]:
            return [each["id"] for each in entries(api, **query)]

        assert [update["id"]] == ids(actor=update["actor"]["id"])
        assert [create["id"]] == ids(action="webhook.created")
        assert [update["id"]] == ids(action="webhook.updated", outcome="done")
        assert ids() == ids(since=create["at"], action="webhook.*")
        assert [] == ids(until="2020-01-01T00:00:00Z")


def test_a_key_that_an_operator_makes_is_recorded_as_get_shows_it(api: ApiClient) -> None:
    """The command that makes it does not go by the API, and its entry must look the same."""
    shown = api.get("/v1/api-keys").json["data"][0]

    record = api.application.tenancy.api_keys.get(api.tenant, shown["id"])

    assert shown == api_key.shown(record)


def test_nobody_else_tells_of_changes(api: ApiClient) -> None:
    """Who acts on `audit.*` must not be led on by whoever may send an event."""
    topic = {"topic": "audit.webhook.deleted"}
    answer = api.post("/v1/events", topic)

    assert (422, "reserved_topic") == (answer.status, answer.json["rejected"][0]["code"])
    assert 404 == api.post("/v1/functions/none/invoke", {"event": topic}).status  # may be tried on


def test_each_entry_is_told_of_by_one_event_with_the_same_content(api: ApiClient) -> None:
    """Whoever subscribes to `audit.*` hears of every change, also of one that was refused."""
    api = api.newcomer()
    path = a_webhook(api)
    audit.told(api)
    api.call("PATCH", path, {"name": "x"})
    api.call("PATCH", "/v1/webhooks/whk_none", {"name": "x"})

    events = audit.told(api)

    assert ["audit.webhook.updated"] * 2 == [each["topic"] for each in events]
    by_outcome = {each["properties"]["outcome"]: each for each in events}
    for entry in entries(api, action="webhook.updated"):
        assert entry == by_outcome[entry["outcome"]]["properties"]
        assert (api.tenant, "system") == tuple(
            by_outcome[entry["outcome"]][name] for name in ("tenant", "origin")
        )
    assert 0 == audit.sweep_later(api.cloud)  # nothing is left to tell


@dataclass(kw_only=True)
class WatchedStory(api_story.Story):
    """A story of which every answer is kept."""

    reader: ApiClient  # the tenant, with a key that may read its audit log
    answers: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """One call, which must succeed."""
        answer = super().call(method, path, body, **query)
        self.answers.append(answer.text)
        return answer

    @property
    def shown_once(self) -> list[str]:
        """Every key and signing secret that an answer has shown."""
        form = re.compile(r"(?:psk|whsec|whsk)_[A-Za-z0-9_+/=-]{16,}")
        return sorted({value for text in self.answers for value in form.findall(text)})


@pytest.fixture
def story(api: ApiClient) -> WatchedStory:
    """A tenant that has called every operation."""
    story = WatchedStory(api=api, reader=api)
    api_examples.play(story)
    story.api = story.reader
    return story
