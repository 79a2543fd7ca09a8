"""What the doctor makes of what AWS says: each judgement by itself, for good and for bad."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli._checks import Check, TriedOn, Verdict
from cli.stack_doctor import judge
from infra.scan import template
from runtime.core.operations.switches import Switch, Switches
from runtime.stores.aws.installation import (
    ASKED_AS,
    Alarms,
    Caller,
    Concurrency,
    FunctionState,
    KeyState,
    Sandboxes,
    StackState,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FANOUT = FunctionState(
    name="FanoutFunction",
    handler="functions.fanout.handler",
    runtime="python3.13",
    state="Active",
    last_update="Successful",
    code_sha="bundle",
    layers=("arn:aws:lambda:eu-west-1:123456789012:layer:Dependencies:7",),
    tenancy="",
    reserved=None,
)
RUN = replace(FANOUT, name="RunFunction", handler="functions.run.handler")
API = replace(FANOUT, name="ApiFunction", handler="functions.api.handler")
SANDBOX = replace(
    FANOUT,
    name="SandboxFunction",
    handler="sandbox.entry.handler",
    code_sha="sandbox",
    layers=(),
    tenancy="PER_TENANT",
)
DELIVER = replace(FANOUT, name="DeliverFunction", handler="functions.deliver.handler")
FUNCTIONS = [API, DELIVER, FANOUT, RUN, SANDBOX]
DEFAULTS = {
    name: str(each.get("Default", "")) for name, each in template.stacks()[""]["Parameters"].items()
}


def an_answer(tenant: str | None, environment: str | None, **more: Any) -> Mapping[str, Any]:
    """What the sandbox answers to `doctor` in AWS."""
    return {
        "isolation": "rlimit",
        "kernel": "5.10.240",
        "engine": "wasm",
        "engines": {"wasm": "", "restricted": ""},
        "left_over": ["signal its parent"],
        "tenant": tenant,
        "environment": environment,
        **more,
    }


APART = Sandboxes(answers=(an_answer(ASKED_AS[0], "e1"), an_answer(ASKED_AS[1], "e2")))


def tenants(sandboxes: Sandboxes, functions: list[FunctionState], *, emulated: bool) -> Check:
    """The judgement of the boundary between tenants."""
    return judge.tenants(sandboxes, functions, asked_as=ASKED_AS, is_emulated=emulated)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("CREATE_COMPLETE", "ok"),
        ("UPDATE_COMPLETE", "ok"),
        ("UPDATE_IN_PROGRESS", "warning"),
        ("UPDATE_ROLLBACK_COMPLETE", "warning"),
        ("UPDATE_ROLLBACK_FAILED", "failed"),
        ("DELETE_FAILED", "failed"),
    ],
)
def test_a_stack_that_has_not_come_to_a_good_end_is_named(status: str, verdict: str) -> None:
    """One nested stack is enough."""
    root = StackState(name="penstock", status="UPDATE_COMPLETE")
    check = judge.stack([root, StackState(name="Delivery", status=status)])

    assert check.verdict == verdict
    assert ("Delivery" in check.advice) is (verdict != "ok")


def test_the_isolation_names_the_layer_the_kernel_and_what_gets_through() -> None:
    """It is what an auditor asks for first."""
    check = judge.isolation(APART)

    assert check.verdict is Verdict.OK
    assert check.found == "rlimit, kernel 5.10.240, left over: signal its parent"


@pytest.mark.parametrize("level", ["weak", "none", None])
def test_a_sandbox_without_a_layer_fails(level: str | None) -> None:
    """User code would run beside the parent."""
    answer = an_answer(ASKED_AS[0], "e1", isolation=level)
    assert judge.isolation(Sandboxes(answers=(answer,))).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("deployed", "said", "verdict"),
    [("internet", "internet", "ok"), ("none", "none", "ok"), ("none", "internet", "failed")],
)
def test_a_network_that_was_not_ordered_fails(deployed: str, said: str, verdict: str) -> None:
    """Somebody relies on it that nothing gets out."""
    sandboxes = Sandboxes(answers=(an_answer(ASKED_AS[0], "e1", egress=said),))
    assert judge.isolation(sandboxes, egress=deployed).verdict == verdict


def test_an_engine_that_cannot_be_used_is_a_warning_with_its_reason() -> None:
    """Versions of functions that have it fail until it is back."""
    answer = an_answer(ASKED_AS[0], "e1", engines={"wasm": "no guest", "restricted": ""})
    check = judge.isolation(Sandboxes(answers=(answer,)))
    assert (check.verdict, check.advice) == (Verdict.WARNING, "wasm: no guest")


def test_two_tenants_in_two_environments_are_well() -> None:
    """Each was told its own name."""
    assert tenants(APART, FUNCTIONS, emulated=False).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("answers", "functions", "says"),
    [
        ((an_answer(ASKED_AS[0], "e1"), an_answer(ASKED_AS[1], "e1")), FUNCTIONS, "environment"),
        ((an_answer(ASKED_AS[0], None), an_answer(ASKED_AS[1], None)), FUNCTIONS, "environment"),
        ((an_answer(ASKED_AS[0], "e1"), an_answer(ASKED_AS[0], "e2")), FUNCTIONS, "told it"),
        ((an_answer(None, "e1"), an_answer(None, "e2")), FUNCTIONS, "told it"),
        (APART.answers, [replace(SANDBOX, tenancy="")], "not deployed with PER_TENANT"),
    ],
)
def test_tenants_who_may_meet_fail(
    answers: tuple[Mapping[str, Any], ...], functions: list[FunctionState], says: str
) -> None:
    """What cannot be seen counts as not in force."""
    check = tenants(Sandboxes(answers=answers), functions, emulated=False)
    assert check.verdict is Verdict.FAILED
    assert says in check.advice


def test_an_emulator_is_not_asked_to_keep_tenants_apart() -> None:
    """It cannot, and says so."""
    shared = Sandboxes(answers=(an_answer(None, "e1"), an_answer(None, "e1")))
    check = tenants(shared, FUNCTIONS, emulated=True)
    assert (check.verdict, "not looked at" in check.found) == (Verdict.OK, True)


def test_functions_of_one_bundle_are_well() -> None:
    """The sandbox has a bundle of its own."""
    assert judge.code(FUNCTIONS).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (replace(RUN, code_sha="older"), "2 bundles are in use: RunFunction"),
        (
            replace(RUN, layers=(FANOUT.layers[0].replace(":7", ":6"),)),
            "the layer Dependencies is in use in the versions 6, 7",
        ),
        (replace(RUN, state="Failed"), "RunFunction is Failed"),
        (replace(RUN, last_update="InProgress"), "the last update of RunFunction is InProgress"),
    ],
)
def test_a_function_that_is_not_as_the_others_is_named(changed: FunctionState, says: str) -> None:
    """Half an update is worse than none: messages are read by both."""
    check = judge.code([API, FANOUT, changed, SANDBOX])
    assert check.verdict is Verdict.FAILED
    assert says in check.advice


def test_a_rollout_under_way_is_named_and_is_no_fault() -> None:
    """Its function runs two bundles on purpose."""
    check = judge.code([replace(API, code_sha="older", moved=0.1), FANOUT, SANDBOX])
    assert check.verdict is Verdict.WARNING
    assert "10% of the calls of ApiFunction meet the new version" in check.advice


@pytest.mark.parametrize(
    ("limit", "changed", "says"),
    [
        (1000, {}, ""),
        (315, {}, ""),
        (314, {}, "315 copies at once, and the account has 314"),
        (1000, {"ApiFront": "url"}, "a flood of calls of the API"),
        (1000, {"DeliverReserved": "120"}, "somebody has changed it by hand"),
    ],
)
def test_the_account_is_judged_by_the_table_of_shares(
    limit: int, changed: dict[str, str], says: str
) -> None:
    """And what is reserved in AWS has to be what the parameters say."""
    given_ = {**DEFAULTS, "ApiFront": "http-api", **changed}
    check = judge.concurrency(FUNCTIONS, Concurrency(limit=limit, unreserved=limit), given_)

    assert check.verdict is (Verdict.WARNING if says else Verdict.OK)
    assert says in check.advice
    assert check.found.startswith(f"{limit} copies at once")


def test_a_stack_without_the_parameters_of_the_table_is_of_an_older_template() -> None:
    """It is judged once it has been deployed anew."""
    check = judge.concurrency(FUNCTIONS, Concurrency(limit=1000, unreserved=1000), {})
    assert check.verdict is Verdict.WARNING
    assert "older template" in check.advice


@given(st.floats(-3600, 3600), st.floats(0, 5))
def test_the_clock_is_judged_by_what_is_certain(skew_s: float, took_s: float) -> None:
    """AWS answers somewhere during the call and cuts its seconds: nobody is accused of that."""
    aws_at = NOW + timedelta(seconds=took_s / 2 - skew_s)
    check = judge.clock(
        Caller(
            account="123456789012",
            aws_at=aws_at.replace(microsecond=0),
            asked_at=NOW,
            answered_at=NOW + timedelta(seconds=took_s),
        )
    )

    if abs(skew_s) <= judge.LATE_S:
        assert check.verdict is Verdict.OK
    if abs(skew_s) > judge.LATE_S + took_s + 2:
        assert check.verdict is not Verdict.OK
        assert ("ahead of" if skew_s > 0 else "behind") in check.found
    if abs(skew_s) > judge.WRONG_S + took_s + 2:
        assert check.verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("state", "is_usable", "verdict"),
    [
        ("Enabled", True, "ok"),
        ("Enabled", None, "ok"),
        ("Enabled", False, "failed"),
        ("Disabled", None, "failed"),
        ("PendingDeletion", None, "failed"),
    ],
)
def test_a_key_that_opens_nothing_fails(
    state: str, *, is_usable: bool | None, verdict: str
) -> None:
    """Whether we may try it is another question than whether it works."""
    assert judge.key(KeyState(state=state, is_usable=is_usable)).verdict == verdict


@pytest.mark.parametrize(
    ("seen", "verdict", "says"),
    [
        (Alarms(total=9, ringing=(), confirmed=1, pending=0), "ok", ""),
        (Alarms(total=9, ringing=(), confirmed=0, pending=0), "warning", "nobody hears them"),
        (Alarms(total=9, ringing=(), confirmed=0, pending=1), "warning", "wait for the click"),
        (Alarms(total=9, ringing=("RunOld",), confirmed=1, pending=0), "warning", "RunOld"),
    ],
)
def test_alarms_need_somebody_who_hears_them(seen: Alarms, verdict: str, says: str) -> None:
    """And one that rings is what the doctor was called for."""
    check = judge.alarms(seen)
    assert check.verdict == verdict
    assert says in check.advice


@pytest.mark.parametrize(
    ("given_", "verdict", "says"),
    [
        ({"AllowLocalHttp": "false", "ErasureSecondLookSeconds": "300"}, "ok", ""),
        ({"AllowLocalHttp": "true"}, "failed", "AllowLocalHttp"),
        ({"RedshiftDataEndpoint": "http://127.0.0.1:5000"}, "failed", "RedshiftDataEndpoint"),
        ({"ErasureSecondLookSeconds": "5"}, "failed", "ErasureSecondLookSeconds=5"),
        ({"MonthlyBudgetUsd": "150", "AlarmEmail": ""}, "warning", "AlarmEmail"),
        ({"MonthlyBudgetUsd": "150", "AlarmEmail": "a@b.example"}, "ok", ""),
        ({"PlatformLogLevel": "DEBUG"}, "warning", "PlatformLogLevel"),
        ({"Stage": "prod", "DeletionProtection": "false"}, "warning", "DeletionProtection"),
    ],
)
def test_parameters_for_a_machine_of_ones_own_are_a_danger_in_aws(
    given_: dict[str, str], verdict: str, says: str
) -> None:
    """On an emulator they are what they are for."""
    check = judge.parameters(given_, is_emulated=False)
    assert check.verdict == verdict
    assert says in check.advice
    assert judge.parameters(given_, is_emulated=True).verdict is Verdict.OK


def test_what_somebody_has_paused_is_a_warning_with_the_way_out() -> None:
    """Weeks later nobody remembers why nothing arrives."""
    paused = Switches(paused_at={Switch.DELIVERY: "2026-11-20T13:04:05.123Z"})
    check = judge.switches(paused)

    assert judge.switches(Switches()).verdict is Verdict.OK
    assert (check.verdict, check.found) == (
        Verdict.WARNING,
        "delivery paused at 2026-11-20T13:04:05.123Z",
    )
    assert "penstock admin resume delivery" in check.advice


def test_what_is_unseen_says_which_permission_shows_it() -> None:
    """And is no failure: nothing is known to be wrong."""
    check = judge.unseen("key", "describe the key: AccessDenied", needs=("kms:DescribeKey",))
    assert (check.verdict, check.found) == (Verdict.WARNING, "unseen")
    assert "kms:DescribeKey" in check.advice


def test_no_judgement_claims_to_have_met_aws() -> None:
    """Until somebody has compared them with a real account."""
    checks = [
        judge.isolation(APART),
        tenants(APART, FUNCTIONS, emulated=False),
        judge.code(FUNCTIONS),
        judge.stack([StackState(name="penstock", status="CREATE_COMPLETE")]),
        judge.unseen("key", "", needs=()),
    ]
    assert {check.tried_on for check in checks} == {TriedOn.EMULATORS}
