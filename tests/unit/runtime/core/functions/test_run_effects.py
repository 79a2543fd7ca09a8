"""What a run means."""

from typing import Any

import pytest

from runtime.core import ids
from runtime.core.deliveries import messages
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.events.envelope import MAX_HOPS, ProfileRef
from runtime.core.functions import run_effects, run_plan
from runtime.core.functions.function import Engine, RetryPolicy
from runtime.core.functions.run import Outcome
from runtime.core.functions.run_effects import Attempted, Decision, Outgoing
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.json_text import dump
from runtime.core.profiles.profile import Profile
from runtime.errors import Transient
from tests.builders import NOW, NOW_MS, TENANT, a_profile, a_run, a_run_message, a_subject, an_event
from tests.doubles import a_result

RUN = a_run().id
EMIT = {"op": "emit", "topic": "metric.vip_order", "properties": {"value": 1}}
DELIVER = {"op": "deliver", "webhook": "whk_2", "payload": {"n": 1}}
CALL = {
    "method": "GET", "host": "a.example.com", "path": "/x", "status": 200, "error": None, "ms": 12,
}  # fmt: skip
FIRST = Attempted(version=1, now=NOW)
LAST = Attempted(version=1, now=NOW, retry=RetryPolicy(attempts=1))


def a_planned_run(**changes: Any) -> PlannedRun:
    """A first try of the trigger."""
    message = a_run_message(**changes)
    return run_plan.parse(dump(message.to_json()), now=NOW)


def decide(
    planned_run: PlannedRun | None = None,
    *,
    person: Profile | None = None,
    last: bool = False,
    **result: Any,
) -> Decision:
    """What the sandbox's result amounts to."""
    attempt = LAST if last else FIRST
    event = (planned_run or a_planned_run()).event
    return run_effects.decide(
        planned_run or a_planned_run(),
        a_result(RUN, **result),
        attempt=attempt,
        subject=a_subject(event, person),
    )


def changes_of(decision: Decision) -> tuple[tuple[int, Profile], ...]:
    """The profiles that a decision changes, by the revision that was read."""
    assert decision.change is not None
    return decision.change.profiles


def transformed(**result: Any) -> Outgoing:
    """What a webhook's transform sends out."""
    planned_run = a_planned_run(webhook_id="whk_1")
    return decide(planned_run, **result).outgoing


class TestEmitted:
    """Events out of functions."""

    def test_a_function_does_not_tell_of_changes(self) -> None:
        """What is said on `audit.*` is the platform's own word."""
        forged = decide(effects=[EMIT, {**EMIT, "topic": "audit.webhook.deleted"}])

        assert Outcome.REFUSED is forged.run.outcome
        assert "only Penstock" in (forged.run.error or {})["message"]
        assert () == forged.outgoing.events

    def test_ids_derive_from_run_and_position(self) -> None:
        """Running it again repeats, never multiplies."""
        decision = decide(effects=[EMIT, DELIVER, EMIT])

        out = decision.outgoing

        assert [ids.emitted_event_id(RUN, n) for n in (0, 1)] == [e.id for e in out.events]
        assert out == run_effects.outgoing(decision.run, an_event())

    def test_an_emitted_event_is_one_hop_further_and_about_the_same_person(self) -> None:
        """Loops are counted, and the profile is not lost on the way."""
        run = decide(effects=[EMIT]).run

        (event,) = run_effects.outgoing(run, an_event(hops=3)).events

        assert ("function", 4, an_event().profile) == (event.origin, event.hops, event.profile)

    def test_the_ninth_hop_is_a_loop(self) -> None:
        """It is parked, not emitted; what else the run left goes out."""
        planned_run = a_planned_run(event=an_event(hops=MAX_HOPS).to_json())
        run = decide(planned_run, effects=[EMIT, DELIVER]).run

        out = run_effects.outgoing(run, planned_run.event)

        assert (0, 1, 1) == (len(out.events), len(out.looped), len(out.messages))
        assert MAX_HOPS + 1 == out.looped[0]["hops"]

    @pytest.mark.parametrize(
        "effect",
        [
            {**EMIT, "topic": "Not A Topic"},
            {**EMIT, "topic": None},
            {**EMIT, "properties": []},
            {**EMIT, "properties": {"x": "\ud800"}},
            {"op": "deliver", "webhook": None, "payload": {}},
            {"op": "deliver", "webhook": "whk 1", "payload": {}},
            {"op": "profile", "set": [], "unset": []} | {"set": "x"},
            {"op": "profile", "set": {}, "unset": "x"},
            {"op": "unheard"},
        ],
    )
    def test_an_effect_that_cannot_be_taken_refuses_the_run(self, effect: dict[str, Any]) -> None:
        """All or nothing: half of a run's effects is a state nobody has programmed."""
        decision = decide(effects=[EMIT, effect], logs=[{"message": "kept"}])

        assert (Outcome.REFUSED, ()) == (decision.run.outcome, decision.run.effects)
        assert decision.run.error is not None
        assert "BadEffect" == decision.run.error["type"]
        assert ({"message": "kept"},) == decision.run.logs
        assert decision.change is None

    def test_a_run_leaves_only_so_much(self) -> None:
        """No sandbox lets so much out; what says that it has is not believed."""
        run = decide(output="x" * run_plan.MAX_LEFT_BYTES).run

        assert (Outcome.REFUSED, "result_too_large") == (
            run.outcome,
            (run.error or {}).get("code"),
        )


class TestDeliveries:
    """Deliveries out of functions."""

    def test_a_dict_is_the_body(self) -> None:
        """Under the id that the delivery would have without a transform."""
        (message,) = transformed(output={"order": "é"}).messages

        assert ('{"order":"é"}', ids.delivery_id(TENANT, "evt_1", "whk_1")) == (
            message.body,
            message.delivery_id,
        )

    def test_a_list_is_several_deliveries(self) -> None:
        """Told apart by their position."""
        out = transformed(output=[{"n": 0}, {"n": 1}])

        expected = [ids.delivery_id(TENANT, "evt_1", "whk_1", position=n) for n in (0, 1)]
        assert expected == [message.delivery_id for message in out.messages]
        assert () == out.recorded

    def test_a_body_too_large_for_a_message_goes_on_record_first(self) -> None:
        """SQS takes no megabyte of JSON in JSON; lost, the message is made up for by the sweep."""
        large = {"n": "x" * messages.MAX_BODY_BYTES}
        out = transformed(output=[{"n": 0}, large])

        small, hint = out.messages
        (record,) = out.recorded
        assert ('{"n":0}', None, 1) == (small.body, hint.body, hint.attempt)
        assert (hint.delivery_id, dump(large)) == (record.id, record.body)
        assert (Status.PENDING, NOW_MS, True, 1) == (
            record.status,
            record.due_at_ms,
            record.hinted,
            record.next_attempt,
        )

    @pytest.mark.parametrize(
        "result", [{"output": None}, {"output": []}, {"outcome": "dropped", "output": {"n": 1}}]
    )
    def test_nothing_to_deliver_is_recorded_as_dropped(self, result: dict[str, Any]) -> None:
        """The user's code said so; the delivery's record says it too."""
        out = transformed(**result)

        (ended,) = out.recorded
        assert ((), Status.DROPPED, "dropped_by_function") == (
            out.messages,
            ended.status,
            ended.reason,
        )

    @pytest.mark.parametrize("outcome", ["raised", "refused", "timed_out", "out_of_memory"])
    def test_a_failed_transform_is_a_dead_delivery(self, outcome: str) -> None:
        """With the function's outcome as its reason, and none of the run's effects."""
        error = {"type": "E", "message": "", "traceback": []}
        out = transformed(outcome=outcome, error=error, effects=[EMIT])

        (ended,) = out.recorded
        assert (Status.DEAD, f"function_{outcome}", ()) == (ended.status, ended.reason, out.events)
        assert Delivery(**{name: getattr(ended, name) for name in ended.__slots__}) == ended

    @pytest.mark.parametrize("output", ["text", 1, True, [1], [{"n": 1}, None]])
    def test_what_is_no_payload_refuses_the_run(self, output: object) -> None:
        """A string is no webhook body; better said than sent."""
        (ended,) = transformed(output=output).recorded

        assert "function_refused" == ended.reason

    def test_a_delivery_asked_for_is_named_by_its_run(self) -> None:
        """The same webhook may hear of the event by itself; both must arrive."""
        run = decide(effects=[DELIVER, DELIVER]).run

        names = [message.delivery_id for message in run_effects.outgoing(run, an_event()).messages]

        assert 2 == len(set(names))
        assert ids.delivery_id(TENANT, "evt_1", "whk_2") not in names


class TestRetries:
    """Runs that come again."""

    def test_a_retry_keeps_its_event_and_its_time(self) -> None:
        """The sweep must be able to run it from the record alone; its delivery is not over."""
        planned_run = a_planned_run(webhook_id="whk_1")

        run = decide(planned_run, outcome="retry", effects=[EMIT]).run

        assert (NOW_MS + 5_000, planned_run.event.to_json()) == (run.due_at_ms, run.event)
        assert Outgoing() == run_effects.outgoing(run, planned_run.event)

    def test_the_last_retry_is_the_end(self) -> None:
        """The schedule is over: the delivery is dead, with its reason."""
        planned_run = a_planned_run(webhook_id="whk_1", attempt=10)

        run = decide(planned_run, last=True, outcome="retry").run

        (ended,) = run_effects.outgoing(run, planned_run.event).recorded
        assert (None, None, "function_retry") == (run.due_at_ms, run.event, ended.reason)


class TestProfileChanges:
    """What functions do to profiles."""

    def test_changes_are_stored_with_the_run(self) -> None:
        """In order: the later of two changes to one name stands."""
        decision = decide(
            person=a_profile(),
            effects=[
                {"op": "profile", "set": {"vip": False, "tier": 1}, "unset": []},
                {"op": "profile", "set": {"vip": True}, "unset": ["tier", "first_name"]},
            ],
        )

        ((read_revision, changed),) = changes_of(decision)
        assert ({"vip": True}, 2, 1) == (changed.properties, changed.revision, read_revision)

    def test_a_profile_that_nobody_has_stored_is_made(self) -> None:
        """The function may be faster than the projection."""
        decision = decide(effects=[{"op": "profile", "set": {"vip": True}, "unset": []}])

        ((read_revision, changed),) = changes_of(decision)
        assert (0, 1, "ada@example.com") == (read_revision, changed.revision, changed.email)

    def test_an_event_about_nobody_has_no_profile_to_change(self) -> None:
        """Said to the user, not dropped."""
        planned_run = a_planned_run(event=an_event(profile=ProfileRef()).to_json())

        run = decide(planned_run, effects=[{"op": "profile", "set": {"x": 1}, "unset": []}]).run

        assert "no_profile" == (run.error or {})["code"]

    def test_a_failed_run_changes_nothing(self) -> None:
        """Whatever it had asked for before it failed."""
        decision = decide(
            person=a_profile(),
            outcome="raised",
            effects=[{"op": "profile", "set": {"x": 1}, "unset": []}],
        )

        assert decision.change is None


class TestErrors:
    """What the record tells of a failure."""

    def test_findings_are_kept_with_the_error(self) -> None:
        """Whoever reads the run must see which line was refused."""
        finding = {"line": 1, "column": 0, "code": "import", "message": "no", "hint": ""}

        run = decide(outcome="refused", error={"type": "Refused"}, findings=[finding]).run

        assert {"type": "Refused", "findings": [finding]} == run.error


class TestEngine:
    """What a record says of what ran the code."""

    @pytest.mark.parametrize("engine", Engine)
    def test_a_record_names_its_engine_and_isolation(self, engine: Engine) -> None:
        """As the sandbox says, not as a setting says."""
        run = decide(engine=str(engine), isolation="rlimit").run

        assert (engine, "rlimit") == (run.engine, run.isolation)

    def test_a_run_refused_for_its_effects_has_run_somewhere(self) -> None:
        """Whoever asks why needs to know on which engine."""
        run = decide(effects=[EMIT | {"topic": "Bad"}], engine="wasm").run

        assert (Outcome.REFUSED, Engine.WASM, "seccomp") == (
            run.outcome,
            run.engine,
            run.isolation,
        )

    def test_what_never_ran_names_none(self) -> None:
        """A guess on record is worse than nothing."""
        run = run_effects.refused(a_planned_run(), {"type": "NoLiveVersion"}, attempt=FIRST).run

        assert (None, None) == (run.engine, run.isolation)


class TestMeasured:
    """What the sandbox measured goes onto the record."""

    def test_the_calls_and_the_memory_are_on_record(self) -> None:
        """A slow run is explained by whom it called, a tight limit by what the run took."""
        run = decide(http=[CALL], memory_mb=12.5).run

        assert (({**CALL, "ms": 12.0},), 12.5) == (run.http_calls, run.memory_mb)

    def test_what_else_a_call_has_is_left_out(self) -> None:
        """A record holds no headers and no bodies, whatever an answer has."""
        run = decide(http=[{**CALL, "headers": {"authorization": "x"}}]).run

        assert CALL.keys() == run.http_calls[0].keys()

    def test_a_run_whose_effect_is_refused_keeps_what_it_called(self) -> None:
        """The calls were made all the same."""
        run = decide(effects=[{"op": "emit", "topic": "no"}], http=[CALL], memory_mb=3).run

        assert (Outcome.REFUSED, 1, 3.0) == (run.outcome, len(run.http_calls), run.memory_mb)

    def test_a_result_without_them_is_read_as_before(self) -> None:
        """While a new version is rolled out, a sandbox of before answers."""
        run = decide().run

        assert ((), None) == (run.http_calls, run.memory_mb)


class TestFaults:
    """What a broken sandbox says."""

    @pytest.mark.parametrize(
        "broken",
        [
            {"outcome": "unheard"},
            {"outcome": None},
            {"duration_ms": "soon"},
            {"duration_ms": 10**400},
            {"duration_ms": -1},
            {"duration_ms": float("nan")},
            {"error": "text", "outcome": "raised"},
            {"effects": 1},
            {"effects": [1]},
            {"logs": ["text"]},
            {"engine": "v8"},
            {"engine": 1},
            {"isolation": 1},
            {"memory_mb": "much"},
            {"memory_mb": -1},
            {"memory_mb": True},
            {"memory_mb": float("inf")},
            {"http": "none"},
            {"http": [1]},
            {"http": [{"method": "GET"}]},
            {"http": [{**CALL, "status": "200"}]},
            {"http": [{**CALL, "error": 1}]},
            {"http": [{**CALL, "ms": "long"}]},
            {"http": [CALL] * 11},
        ],
    )
    def test_a_result_that_is_none_is_our_fault(self, broken: dict[str, Any]) -> None:
        """The user did not write it; the event comes again."""
        with pytest.raises(Transient) as refusal:
            decide(**broken)

        assert "sandbox_crashed" == refusal.value.code
