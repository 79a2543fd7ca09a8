"""POST /v1/functions/{name}/invoke: a run on a chosen event, or a dry run that changes nothing."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.functions import run_plan
from runtime.core.functions.run import Outcome
from runtime.core.timestamps import timestamp
from tests.api_client import ApiClient
from tests.builders import NOW, a_profile, a_run, an_event
from tests.doubles import ScriptedSandbox

INVOKE = "/v1/functions/vip/invoke"
EVENT: dict[str, Any] = {
    "topic": "metric.placed_order",
    "profile": {"id": "prf_1"},
    "properties": {"value": 7},
}


@pytest.fixture
def live(api: ApiClient) -> ApiClient:
    """A tenant with a function that has two versions, of which the first is live."""
    api.post("/v1/functions", {"name": "vip", "secrets": ["TOKEN"], "engine": "restricted"})
    for source in ("x = 1", "x = 2"):
        assert 201 == api.post("/v1/functions/vip/versions", {"source": source}).status
    assert 200 == api.post("/v1/functions/vip/publish", {"version": 1}).status
    return api


@pytest.fixture
def sandbox(live: ApiClient) -> ScriptedSandbox:
    """What stands in for the sandbox; it has seen no job yet."""
    sandbox = live.application.functions.dry_run.sandbox
    assert isinstance(sandbox, ScriptedSandbox)
    sandbox.script = lambda _event: {"output": "done"}
    sandbox.jobs.clear()
    return sandbox


def kept(api: ApiClient, **changes: Any) -> str:
    """Keep an event of the tenant's; returns its id."""
    event = an_event(**{"tenant": api.tenant, "topic": "metric.placed_order", **changes})
    api.cloud.events.put([event])
    return event.id


def asked_for(api: ApiClient) -> list[Mapping[str, Any]]:
    """The run messages of the tenant's that wait on the queue."""
    messages = [json.loads(each["Body"]) for each in api.cloud.received("run")]
    return [each for each in messages if each["tenant"] == api.tenant]


class TestRuns:
    """A run that counts."""

    def test_a_given_event_is_kept_and_its_run_is_asked_for(self, live: ApiClient) -> None:
        """The worker reads the message as it reads one of fanout's."""
        answer = live.post(INVOKE, {"event": EVENT})

        assert 202 == answer.status, answer.text
        [message] = asked_for(live)
        planned = run_plan.parse(json.dumps(message), now=NOW)
        event = live.cloud.events.find(live.tenant, answer.json["event_id"])
        assert planned.event == event
        assert (answer.json["run_id"], None) == (message["run_id"], message["version"])
        assert ids.run_id(live.tenant, planned.event.id, "vip") == answer.json["run_id"]
        assert answer.json["run"] is None
        assert ("api", 0, "prf_1") == (
            planned.event.origin,
            planned.event.hops,
            planned.event.profile.id,
        )

    def test_an_event_that_is_kept_is_named_by_its_id(self, live: ApiClient) -> None:
        """And a version may be named, which the run then keeps to."""
        event_id = kept(live, id="evt_named")

        answer = live.post(INVOKE, {"event_id": event_id, "version": 2})

        assert (202, event_id) == (answer.status, answer.json["event_id"])
        [message] = asked_for(live)
        assert (2, "evt_named") == (message["version"], message["event"]["id"])

    def test_the_newest_event_of_a_topic_is_found(self, live: ApiClient) -> None:
        """Of that very topic."""
        kept(live, id="evt_old", received_at="2026-11-20T13:00:00.000Z")
        kept(live, id="evt_new", received_at="2026-11-20T13:04:00.000Z")
        kept(live, id="evt_other", topic="metric.x", received_at="2026-11-20T13:05:00.000Z")

        answer = live.post(INVOKE, {"latest": "metric.placed_order"})

        assert (202, "evt_new") == (answer.status, answer.json["event_id"])

    def test_an_event_of_the_future_has_come_now(self, live: ApiClient) -> None:
        """Else it would be the newest of its topic for as long as it is kept."""
        made_up = EVENT | {"id": "evt_2999", "received_at": "2999-01-01T00:00:00Z"}

        assert 202 == live.post(INVOKE, {"event": made_up}).status

        event = live.cloud.events.find(live.tenant, "evt_2999")
        assert event is not None
        assert event.received_at <= timestamp(datetime.now(UTC))

    def test_the_same_event_again_is_the_same_run_again(self, live: ApiClient) -> None:
        """Its effects repeat under the same ids; a run that succeeded needs an explicit wish."""
        event_id = kept(live, id="evt_again")
        first = live.post(INVOKE, {"event_id": event_id}).json["run_id"]
        live.cloud.runs.commit(
            a_run(id=first, tenant=live.tenant, function="vip", event_id=event_id)
        )

        refused = live.post(INVOKE, {"event_id": event_id})
        forced = live.post(INVOKE, {"event_id": event_id, "force": True, "version": 2})

        assert (409, "run_succeeded") == (refused.status, refused.json["code"])
        assert (202, first) == (forced.status, forced.json["run_id"])
        assert [(1, None), (2, 2)] == [
            (message["attempt"], message["version"]) for message in asked_for(live)
        ]

    def test_a_run_that_failed_is_made_again_without_ado(self, live: ApiClient) -> None:
        """Nobody loses anything by it."""
        event_id = kept(live, id="evt_failed")
        run_id = ids.run_id(live.tenant, event_id, "vip")
        failed = {"outcome": Outcome.RAISED, "error": {"type": "E", "message": "m"}}
        live.cloud.runs.commit(
            a_run(id=run_id, tenant=live.tenant, function="vip", event_id=event_id, **failed)
        )

        assert 202 == live.post(INVOKE, {"event_id": event_id}).status
        assert 2 == asked_for(live)[0]["attempt"]

    def test_a_file_that_is_sent_twice_is_one_event(self, live: ApiClient) -> None:
        """Unless it says something else under the same id, which would rewrite what happened."""
        event = {**EVENT, "id": "evt_mine"}

        first, again = live.post(INVOKE, {"event": event}), live.post(INVOKE, {"event": event})
        other = live.post(INVOKE, {"event": {**event, "properties": {"value": 8}}})

        assert [202, 202] == [first.status, again.status]
        assert first.json["run_id"] == again.json["run_id"]
        assert (409, "event_exists") == (other.status, other.json["code"])
        event_kept = live.cloud.events.find(live.tenant, "evt_mine")
        assert event_kept is not None
        assert {"value": 7} == event_kept.properties

    def test_a_function_that_cannot_run_says_why(self, live: ApiClient) -> None:
        """Before anything is kept or sent."""
        live.post("/v1/functions", {"name": "bare"})

        answer = live.post("/v1/functions/bare/invoke", {"event": {**EVENT, "id": "evt_bare"}})

        assert (409, "no_live_version") == (answer.status, answer.json["code"])
        assert live.cloud.events.find(live.tenant, "evt_bare") is None
        assert [] == asked_for(live)

    def test_a_disabled_function_is_tried_but_not_run(
        self, live: ApiClient, sandbox: ScriptedSandbox
    ) -> None:
        """Somebody wanted it not to act; to see what it would do is how it is mended."""
        store = live.application.functions.store
        enabled = store.get(live.tenant, "vip")
        store.replace(enabled, replace(enabled, enabled=False))

        refused = live.post(INVOKE, {"event": EVENT})
        tried = live.post(INVOKE, {"event": EVENT, "dry_run": True})

        assert (409, "function_disabled") == (refused.status, refused.json["code"])
        assert (200, 1) == (tried.status, len(sandbox.jobs))
        assert [] == asked_for(live)

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_a_version_that_was_deleted_runs_no_more(
        self, live: ApiClient, *, dry_run: bool
    ) -> None:
        """Its source is gone; its number stays taken, so that nobody runs another by mistake."""
        assert 204 == live.call("DELETE", "/v1/functions/vip/versions/2").status

        answer = live.post(INVOKE, {"event": EVENT, "version": 2, "dry_run": dry_run})

        assert (409, "version_deleted") == (answer.status, answer.json["code"])


class TestDryRuns:
    """A run of which nothing is left."""

    def test_what_would_follow_is_shown_and_nothing_does(
        self, live: ApiClient, sandbox: ScriptedSandbox
    ) -> None:
        """No record, no event, no message; not even the event that was given is kept."""
        effects = [
            {"op": "emit", "topic": "metric.vip", "properties": {}},
            {"op": "profile", "set": {"tier": "gold"}, "unset": []},
        ]
        call = {"method": "GET", "host": "a.example.com", "path": "/", "status": None}
        calls = [{**call, "error": "dry_run", "ms": 1.0}]
        logs = [{"message": "seen", "fields": {}, "at_ms": 1}]
        sandbox.script = lambda _event: {
            "output": 3, "effects": effects, "http": calls, "logs": logs, "memory_mb": 2.5,
        }  # fmt: skip
        live.cloud.keep(a_profile(id="prf_1", tenant=live.tenant))

        answer = live.post(INVOKE, {"event": {**EVENT, "id": "evt_dry"}, "dry_run": True})

        assert 200 == answer.status, answer.text
        run = answer.json["run"]
        assert ("returned", 3, 1, 1) == tuple(
            run[name] for name in ("outcome", "output", "version", "attempt")
        )
        assert (effects, calls, logs, 2.5) == tuple(
            run[name] for name in ("effects", "http", "logs", "memory_mb")
        )
        [job] = sandbox.jobs
        assert "off" == job["http"]
        assert "ada@example.com" == job["events"][0]["profile"]["email"]
        assert live.cloud.runs.find(answer.json["run_id"]) is None
        assert live.cloud.events.find(live.tenant, "evt_dry") is None
        profile = live.cloud.profiles.find(live.tenant, "prf_1")
        assert profile is not None
        assert "tier" not in profile.properties
        assert [] == asked_for(live)

    def test_http_calls_are_made_only_when_allowed(
        self, live: ApiClient, sandbox: ScriptedSandbox
    ) -> None:
        """And secrets are there, as in a run that counts."""
        live.call("PUT", "/v1/functions/vip/secrets/TOKEN", {"value": "hunter2hunter2"})

        answer = live.post(INVOKE, {"event": EVENT, "dry_run": True, "allow_http": True})

        [job] = sandbox.jobs
        assert ("on", {"TOKEN": "hunter2hunter2"}) == (job["http"], job["secrets"])
        assert {"TOKEN": 1} == answer.json["run"]["secret_versions"]
        assert "hunter2" not in answer.text

    def test_it_decides_as_the_cloud_does(self, live: ApiClient, sandbox: ScriptedSandbox) -> None:
        """An effect that would be refused is refused here, and so is one about no profile."""
        sandbox.script = lambda _event: {
            "effects": [{"op": "profile", "set": {"a": 1}, "unset": []}]
        }

        run = live.post(
            INVOKE, {"event": {"topic": "metric.x", "properties": {}}, "dry_run": True}
        ).json["run"]

        assert ("refused", "no_profile") == (run["outcome"], run["error"]["code"])
        assert ([], None) == (run["effects"], run["due_at_ms"])

    def test_an_event_that_would_go_in_circles_is_marked(
        self, live: ApiClient, sandbox: ScriptedSandbox
    ) -> None:
        """It would end in the dead-letter queue, which nobody would guess from the effect."""
        event_id = kept(live, id="evt_far", hops=8)
        sandbox.script = lambda _event: {
            "effects": [{"op": "emit", "topic": "metric.vip", "properties": {}}]
        }

        run = live.post(INVOKE, {"event_id": event_id, "dry_run": True}).json["run"]

        assert "loop" == run["effects"][0]["parked"]["code"]

    def test_any_version_can_be_tried_before_it_is_published(
        self, live: ApiClient, sandbox: ScriptedSandbox
    ) -> None:
        """That is what a dry run is for."""
        run = live.post(INVOKE, {"event": EVENT, "dry_run": True, "version": 2}).json["run"]

        assert (2, "x = 2") == (run["version"], sandbox.jobs[0]["source"])

    def test_an_output_too_large_to_repeat_is_left_out(
        self, live: ApiClient, sandbox: ScriptedSandbox
    ) -> None:
        """The answer is stored for a repeat of the request, whose key has room for so much."""
        sandbox.script = lambda _event: {"output": "x" * 300_000}

        answer = live.post(INVOKE, {"event": EVENT, "dry_run": True}, idempotency_key="k1")

        run = answer.json["run"]
        assert (200, None, True) == (answer.status, run["output"], run["output_left_out"])
        again = live.post(INVOKE, {"event": EVENT, "dry_run": True}, idempotency_key="k1")
        assert (200, answer.json) == (again.status, again.json)

    def test_an_event_as_it_is_shown_can_be_given(
        self, live: ApiClient, sandbox: ScriptedSandbox
    ) -> None:
        """Somebody copies one, changes a value, and tries again; the kept one stays as it is."""
        event_id = kept(live, id="evt_copied", hops=2, origin="function")
        event = live.cloud.events.find(live.tenant, event_id)
        assert event is not None
        copied = {**event.to_json(), "properties": {"value": 9}}

        answer = live.post(INVOKE, {"event": copied, "dry_run": True})

        assert 200 == answer.status, answer.text
        assert copied == sandbox.jobs[0]["events"][0]["event"]
        assert event == live.cloud.events.find(live.tenant, event_id)


class TestBadInput:
    """Each is refused with the field at fault."""

    @pytest.mark.parametrize(
        ("body", "status", "code", "field"),
        [
            ({}, 422, "one_event", "event"),
            ({"event": EVENT, "event_id": "evt_1"}, 422, "one_event", "event_id"),
            ({"event_id": "evt_1", "latest": "metric.x"}, 422, "one_event", "latest"),
            ({"event": EVENT, "latest": "metric.x"}, 422, "one_event", "latest"),
            ({"latest": "Not a topic"}, 422, "bad_topic", "latest"),
            ({"latest": "metric.never_seen"}, 404, "event_not_found", None),
            ({"event_id": "evt_none"}, 404, "event_not_found", None),
            ({"event": {**EVENT, "tenant": "rival"}}, 422, "reserved_field", "event.tenant"),
            ({"event": {**EVENT, "hops": 9}}, 422, "loop", "event.hops"),
            ({"event": {**EVENT, "more": 1}}, 422, "unknown_field", "event.more"),
            ({"event": {**EVENT, "id": "é"}}, 422, "bad_id", "event.id"),
            ({"event": {"properties": {}}}, 422, "bad_topic", "event.topic"),
            ({"event": {**EVENT, "properties": {"x": "y" * 300_000}}}, 422, "too_large", "event"),
            ({"event": EVENT, "version": 9}, 404, "version_not_found", None),
            ({"event": EVENT, "allow_http": True}, 422, "bad_field", "allow_http"),
            ({"event": EVENT, "force": True, "dry_run": True}, 422, "bad_field", "force"),
        ],
    )
    def test_a_wish_that_cannot_be_met_says_why(
        self, live: ApiClient, body: dict[str, Any], status: int, code: str, field: str | None
    ) -> None:
        """And nothing is half done."""
        answer = live.post(INVOKE, body)

        assert (status, code, field) == (
            answer.status,
            answer.json["code"],
            answer.json.get("field"),
        )
        assert [] == asked_for(live)

    @pytest.mark.parametrize(
        "body",
        [
            {"event": "text"},
            {"event": [EVENT]},
            {"event": EVENT, "version": 0},
            {"event": EVENT, "version": 10**40},
            {"event": EVENT, "version": "1"},
            {"event": EVENT, "dry_run": "yes"},
            {"event": EVENT, "profile": {"id": "prf_2"}},
            {"event_id": ""},
            {"event_id": "x" * 200},
            {"latest": ""},
        ],
    )
    def test_a_body_of_another_shape_is_refused(
        self, live: ApiClient, body: dict[str, Any]
    ) -> None:
        """A profile above all: the run gets the one that is stored."""
        answer = live.post(INVOKE, body)

        assert 422 == answer.status
        assert [] == asked_for(live)

    def test_another_tenants_event_is_not_there(self, live: ApiClient) -> None:
        """Its id is no secret, but the event is."""
        rival = live.newcomer()
        kept(rival, id="evt_rival", topic="metric.secret")

        for body in ({"event_id": "evt_rival"}, {"latest": "metric.secret"}):
            for dry_run in (False, True):
                answer = live.post(INVOKE, {**body, "dry_run": dry_run})
                assert (404, "event_not_found") == (answer.status, answer.json["code"])

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_a_function_that_is_not_there_is_not_found(
        self, live: ApiClient, *, dry_run: bool
    ) -> None:
        """Whoever's it may be."""
        answer = live.post("/v1/functions/none/invoke", {"event": EVENT, "dry_run": dry_run})

        assert (404, "function_not_found") == (answer.status, answer.json["code"])

    def test_a_dry_run_without_a_live_version_asks_for_one(self, live: ApiClient) -> None:
        """Which one was meant is anybody's guess."""
        live.post("/v1/functions", {"name": "bare"})

        answer = live.post("/v1/functions/bare/invoke", {"event": EVENT, "dry_run": True})

        assert (409, "no_live_version") == (answer.status, answer.json["code"])
