"""Running functions: each event once, whoever dies, and every profile change kept."""

from collections.abc import Mapping
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions import run_plan
from runtime.core.functions.function import Engine, Limits, RetryPolicy, Secret
from runtime.core.functions.run import Outcome
from runtime.errors import Transient
from runtime.races import MAX_RACES
from tests.builders import (
    NOW,
    NOW_MS,
    TENANT,
    a_profile,
    a_run,
)
from tests.cloud import Cloud
from tests.doubles import Failing
from tests.runs import Platform, a_planned_run

EMIT = {"op": "emit", "topic": "metric.vip_order", "properties": {}}
DELIVER = {"op": "deliver", "webhook": "whk_2", "payload": {"n": 1}}


@pytest.fixture
def platform(cloud: Cloud) -> Platform:
    """A platform with nothing on it."""
    return Platform(cloud)


class TestRuns:
    """One event, one run."""

    def test_a_run_is_recorded_and_its_effects_go_out(self, platform: Platform) -> None:
        """The whole of it, on real stores."""
        platform.publish()
        platform.sandbox.script = lambda _: {"output": {"n": 1}, "effects": [EMIT, DELIVER]}
        planned_run = a_planned_run()

        assert [None] == platform.run(planned_run)

        assert (Outcome.RETURNED, {"n": 1}, 1) == (
            platform.record(planned_run).outcome,
            platform.record(planned_run).output,
            platform.record(planned_run).version,
        )
        assert 1 == len(platform.cloud.received("landed"))
        assert 1 == len(platform.cloud.received("deliver"))
        [line] = platform.journal.lines
        assert ("run.finished", "restricted", "seccomp") == (
            line["message"],
            line["engine"],
            line["isolation"],
        )

    def test_secrets_are_opened_for_the_function_that_declares_them(
        self, platform: Platform
    ) -> None:
        """And a declared one without a value is absent, not empty."""
        platform.publish(secrets={"TOKEN": Secret(version=3, sealed="sealed"), "LATER": Secret()})
        platform.run(a_planned_run())

        assert {"TOKEN": "opened sealed"} == platform.sandbox.jobs[0]["secrets"]

    def test_a_batch_is_run_by_tenant_and_function(self, platform: Platform) -> None:
        """No job holds two functions' events."""
        for name in ("vip-orders", "other"):
            platform.publish(name=name)
        planned_runs = [a_planned_run(n, function=("vip-orders", "other")[n % 2]) for n in range(4)]

        assert [None] * 4 == platform.run(*planned_runs)

        jobs = {str(job["function"]): len(job["events"]) for job in platform.sandbox.jobs}
        assert {"vip-orders": 2, "other": 2} == jobs

    def test_beyond_its_cap_a_function_waits_and_uses_no_attempt(self, platform: Platform) -> None:
        """One function must not take every Lambda; what waits is queued again as it was."""
        busy = platform.publish(limits=Limits(concurrent_runs=2))
        for owner in ("one", "another"):
            assert platform.permits.acquire(TENANT, busy.name, owner=owner, wanted=1, cap=2) == 1

        assert [None] == platform.run(a_planned_run())

        assert [] == platform.sandbox.jobs
        queue = platform.cloud.clients.sqs.get_queue_attributes(
            QueueUrl=platform.cloud.queue_url("run"),
            AttributeNames=["ApproximateNumberOfMessagesDelayed"],
        )
        assert "1" == queue["Attributes"]["ApproximateNumberOfMessagesDelayed"]

    def test_a_slot_is_free_again_when_its_batch_ends(self, platform: Platform) -> None:
        """Also when the batch has failed: the next must not wait for a lease to end."""
        platform.publish(limits=Limits(concurrent_runs=1))
        platform.sandbox.faults = [Transient("gone", code="aws_unavailable")]
        assert ["aws_unavailable"] == platform.run(a_planned_run(1))

        assert [None] == platform.run(a_planned_run(2))

        assert Outcome.RETURNED is platform.record(a_planned_run(2)).outcome

    @pytest.mark.parametrize(
        ("function", "outcome", "kind"),
        [
            (None, Outcome.REFUSED, "NoFunction"),
            ({"live_version": None}, Outcome.REFUSED, "NoLiveVersion"),
            ({"enabled": False}, Outcome.SKIPPED, "FunctionDisabled"),
            ({"deleted_at": NOW}, Outcome.SKIPPED, "FunctionDeleted"),
        ],
    )
    def test_what_cannot_run_is_on_record_with_what_to_do(
        self, platform: Platform, function: Mapping[str, Any] | None, outcome: Outcome, kind: str
    ) -> None:
        """Never silent: it can be run again, and the webhook's delivery is dead with a reason."""
        if function is not None:
            platform.publish(**function)
        planned_run = a_planned_run(webhook_id="whk_1")

        assert [None] == platform.run(planned_run)

        record = platform.record(planned_run)
        delivery = platform.cloud.deliveries.find(ids.delivery_id(TENANT, "evt_1", "whk_1"))
        assert (outcome, kind) == (record.outcome, (record.error or {})["type"])
        assert delivery is not None
        assert (Status.DEAD, f"function_{outcome}") == (delivery.status, delivery.reason)
        assert platform.sandbox.jobs == []


class TestExactlyOnce:
    """Messages come again; effects do not."""

    def test_a_redelivered_message_repeats_the_same_effects(self, platform: Platform) -> None:
        """To the byte, from the record, without running the user's code again."""
        platform.publish()
        platform.sandbox.script = lambda _: {"effects": [EMIT, DELIVER]}
        planned_run = a_planned_run()
        platform.run(planned_run)
        platform.clock.advance(3600)
        first = [message["Body"] for message in platform.cloud.received("deliver")]

        assert [None] == platform.run(planned_run)

        again = [message["Body"] for message in platform.cloud.received("deliver")]
        assert (1, first) == (len(platform.sandbox.jobs), again)

    def test_who_dies_after_storing_is_finished_by_the_next(self, platform: Platform) -> None:
        """The record is the outbox: the bus was down, the message comes again, the event lands."""
        platform.publish()
        platform.sandbox.script = lambda _: {"effects": [EMIT]}
        broken = Failing(platform.apply, Transient("down", code="aws_unavailable"))

        assert ["aws_unavailable"] == platform.run(a_planned_run(), apply=broken)
        assert [None] == platform.run(a_planned_run())

        assert (1, 1) == (len(platform.sandbox.jobs), len(platform.cloud.received("landed")))

    def test_an_old_hint_is_dropped(self, platform: Platform) -> None:
        """The record has gone on; the message is only a hint."""
        platform.publish()
        platform.cloud.runs.commit(a_run(attempt=3))

        assert [None] == platform.run(a_planned_run(1, person=None, attempt=2))

        assert [] == platform.sandbox.jobs

    def test_of_two_workers_one_applies(self, platform: Platform) -> None:
        """Both have run the code; the second finds the attempt stored and leaves it."""
        platform.publish()
        platform.sandbox.script = lambda _: {"effects": [EMIT]}
        other = Platform(platform.cloud)
        other.sandbox.script = platform.sandbox.script

        def overtake() -> None:
            other.run(a_planned_run())

        platform.sandbox.before_answer = overtake

        assert [None] == platform.run(a_planned_run())

        assert 1 == len(platform.cloud.received("landed"))


class TestProfiles:
    """Functions and profiles."""

    def test_two_events_of_a_profile_see_each_other(self, platform: Platform) -> None:
        """A counter counts: the second run starts where the first has ended."""
        platform.publish()
        platform.sandbox.script = _count
        planned_runs = [a_planned_run(n, person="customer-1") for n in range(3)]

        assert [None] * 3 == platform.run(*planned_runs)

        profile = platform.cloud.profiles.find(TENANT, a_profile().id)
        assert profile is not None
        assert ({"orders": 3}, 3) == (profile.properties, len(platform.sandbox.jobs))

    def test_a_changed_profile_is_run_again(self, platform: Platform) -> None:
        """Somebody else wrote it meanwhile: run with the fresh one, lose nothing."""
        platform.publish()
        platform.sandbox.script = _count
        profiles = platform.cloud.profiles

        def interfere() -> None:
            platform.sandbox.before_answer = lambda: None
            platform.cloud.keep(a_profile(properties={"orders": 41}))

        platform.sandbox.before_answer = interfere

        assert [None] == platform.run(a_planned_run(person="customer-1"))

        profile = profiles.find(TENANT, a_profile().id)
        assert profile is not None
        assert ({"orders": 42}, 2) == (profile.properties, len(platform.sandbox.jobs))

    def test_a_profile_that_keeps_changing_makes_its_event_wait(self, platform: Platform) -> None:
        """Others must not wait for it for ever."""
        platform.publish()
        platform.sandbox.script = _count
        profiles = platform.cloud.profiles

        def interfere() -> None:
            known = profiles.find(TENANT, a_profile().id)
            revision = 0 if known is None else known.revision
            platform.cloud.keep(a_profile(revision=revision + 1))

        platform.sandbox.before_answer = interfere

        assert ["profile_busy"] == platform.run(a_planned_run(person="customer-1"))
        assert MAX_RACES == len(platform.sandbox.jobs)

    def test_who_loses_a_race_waits_before_the_next(self, platform: Platform) -> None:
        """Workers that have met over one profile would else go on meeting."""
        platform.publish()
        platform.sandbox.script = _count
        profiles = platform.cloud.profiles
        left = [7]

        def interfere() -> None:
            if left[0] == 0:
                return
            left[0] -= 1
            known = profiles.find(TENANT, a_profile().id)
            revision = 0 if known is None else known.revision
            platform.cloud.keep(a_profile(revision=revision + 1))

        platform.sandbox.before_answer = interfere

        assert [None] == platform.run(a_planned_run(person="customer-1"))
        assert [0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0] == platform.pauses


class TestRetries:
    """RetryError."""

    def test_a_short_retry_rides_on_the_queue_and_in_the_index(self, platform: Platform) -> None:
        """The record is due whatever happens to the hint."""
        platform.publish(retry=RetryPolicy(delays_s=(0,)))
        platform.sandbox.script = lambda _: {"outcome": "retry"}
        planned_run = a_planned_run()

        assert [None] == platform.run(planned_run)

        (hint,) = platform.cloud.received("run")
        again = run_plan.parse(hint["Body"], now=NOW)
        assert (NOW_MS, 2) == (platform.record(planned_run).due_at_ms, again.message.attempt)
        platform.sandbox.script = lambda _: {"output": "done"}
        assert [None] == platform.run(again)
        record = platform.record(planned_run)
        assert (Outcome.RETURNED, 2, None) == (record.outcome, record.attempt, record.due_at_ms)

    def test_a_long_retry_waits_in_the_index(self, platform: Platform) -> None:
        """SQS cannot hold it; the sweep finds it."""
        platform.publish(retry=RetryPolicy(delays_s=(1800,)))
        platform.sandbox.script = lambda _: {"outcome": "retry"}

        platform.run(a_planned_run())

        attributes = platform.cloud.clients.sqs.get_queue_attributes(
            QueueUrl=platform.cloud.queue_url("run"),
            AttributeNames=["ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessages"],
        )["Attributes"]
        assert {"0"} == set(attributes.values())
        assert NOW_MS + 1_800_000 == platform.record(a_planned_run()).due_at_ms


class TestFaults:
    """What is not the user's fault is never recorded as it."""

    @pytest.mark.parametrize("code", ["aws_unavailable", "sandbox_crashed"])
    def test_a_platform_fault_leaves_no_record(self, platform: Platform, code: str) -> None:
        """The message comes again, as if nothing had been."""
        platform.publish()
        platform.sandbox.faults = [Transient("no", code=code)]

        assert [code] == platform.run(a_planned_run())

        assert platform.cloud.runs.find(a_planned_run().message.run_id) is None

    def test_one_event_that_kills_the_sandbox_does_not_hold_up_the_others(
        self, platform: Platform
    ) -> None:
        """The batch is tried one by one, and only the culprit comes again."""
        platform.publish()
        crash = Transient("no", code="sandbox_crashed")
        platform.sandbox.faults = [crash, crash]  # of the batch, then of its first event

        assert ["sandbox_crashed", None, None] == platform.run(
            *(a_planned_run(n) for n in range(3))
        )

    def test_a_throttled_sandbox_is_not_asked_three_times(self, platform: Platform) -> None:
        """Tries times tries make a storm."""
        platform.publish()
        platform.sandbox.faults = [Transient("slow down", code="aws_unavailable")]

        assert ["aws_unavailable"] * 3 == platform.run(*(a_planned_run(n) for n in range(3)))
        assert 1 == len(platform.sandbox.jobs)

    def test_an_engine_that_cannot_be_used_is_named_and_nothing_is_recorded(
        self, platform: Platform
    ) -> None:
        """The platform's fault: the events come again, and are not tried one by one meanwhile."""
        platform.publish(engine=Engine.WASM)
        platform.sandbox.faults = [Transient("not built here", code="engine_unavailable")]
        planned_runs = [a_planned_run(n) for n in range(3)]

        assert ["engine_unavailable"] * 3 == platform.run(*planned_runs)

        assert ["wasm"] == [job["engine"] for job in platform.sandbox.jobs]
        assert platform.cloud.runs.find(planned_runs[0].message.run_id) is None

    def test_what_another_engine_ran_is_not_taken(self, platform: Platform) -> None:
        """A version keeps its engine: never silently another one, whatever answers."""
        platform.publish(engine=Engine.WASM)

        class Helpful:
            def run(self, tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
                return platform.sandbox.run(tenant, {**job, "engine": "restricted"})

        assert ["engine_unavailable"] == platform.run(a_planned_run(), sandbox=Helpful())
        assert platform.cloud.runs.find(a_planned_run().message.run_id) is None

    def test_one_functions_trouble_is_not_anothers(self, platform: Platform) -> None:
        """A damaged secret of one function must not stop the batch."""
        platform.publish(secrets={"TOKEN": Secret(version=1, sealed="damaged")})
        platform.publish(name="other")
        damaged = Failing(str, Transient("unsealable", code="unsealable"))

        results = platform.run(a_planned_run(1), a_planned_run(2, function="other"), unseal=damaged)

        assert ["unsealable", None] == results

    def test_an_event_that_the_sandbox_left_out_comes_again(self, platform: Platform) -> None:
        """An answer without it is no answer to it."""
        platform.publish()

        class Forgetful:
            def run(self, _tenant: str, _job: Mapping[str, Any]) -> Mapping[str, Any]:
                return {"v": 1, "results": []}

        assert ["sandbox_crashed"] == platform.run(a_planned_run(), sandbox=Forgetful())

    def test_what_a_full_answer_left_out_is_run_at_once(self, platform: Platform) -> None:
        """Large results fill an answer; the rest must not wait twenty minutes for its message."""
        platform.publish()
        planned_runs = [a_planned_run(number) for number in range(5)]

        class Full:
            def run(self, tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
                return platform.sandbox.run(tenant, {**job, "events": job["events"][:2]})

        assert [None] * 5 == platform.run(*planned_runs, sandbox=Full())

        assert [2, 2, 1] == [len(job["events"]) for job in platform.sandbox.jobs]
        assert all(platform.record(planned_run) for planned_run in planned_runs)


def _count(event: Mapping[str, Any]) -> dict[str, Any]:
    orders = (event["profile"] or {"properties": {}})["properties"].get("orders", 0)
    change = {"op": "profile", "set": {"orders": orders + 1}, "unset": []}
    return {"effects": [change]}
