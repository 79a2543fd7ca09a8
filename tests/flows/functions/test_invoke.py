"""A dry run and a run that counts, of real code in the real sandbox, on real stores."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.events.envelope import ProfileRef
from runtime.core.functions import run_plan
from runtime.core.functions.function import Engine
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run import Outcome, Run
from runtime.core.functions.selection import RunSelection
from runtime.core.json_text import dump
from runtime.usecases.functions.dry_run import DryRun
from sandbox.engine_host import Options
from sandbox.host import Sandbox
from tests.builders import NOW, TENANT, a_profile, an_event
from tests.cloud import Cloud
from tests.runs import Platform

CALLER = """
def handler(event, profile, context):
    context.profile.set(spent=profile["properties"].get("spent", 0) + 1)
    context.emit("metric.vip", {"by": event["id"]})
    try:
        context.http.get("https://crm.example.invalid/customers?email=ada@example.com")
    except Exception as problem:
        return problem.code
"""
EVENT = an_event(profile=ProfileRef(id=a_profile().id))


class Local:
    """The sandbox in this process's own children, behind the port that Lambda is behind."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def run(self, _tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a job that went over the wire."""
        answer: Mapping[str, Any] = json.loads(json.dumps(self._sandbox.run(json.loads(dump(job)))))
        return answer


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Local]:
    """One sandbox for all tests: starting one takes longer than a run."""
    with Sandbox(Options(allow_weak=True)) as started:
        yield Local(started)


@pytest.fixture(params=Engine)
def platform(cloud: Cloud, request: pytest.FixtureRequest) -> Platform:
    """An installation with one function and the profile that its event is about."""
    made = Platform(cloud)
    made.publish(CALLER, engine=request.param, http_hosts=("crm.example.invalid",))
    cloud.keep(a_profile())
    return made


def dry(platform: Platform, sandbox: Local, **wish: Any) -> Run:
    """What the record of the run would be."""
    dry_run = DryRun(
        functions=platform.functions,
        people=platform.cloud.people(),
        sandbox=sandbox,
        unseal=lambda _tenant, sealed: sealed,
        clock=platform.clock,
        allow_local_http=False,
    )
    return dry_run(TENANT, "vip-orders", EVENT, **{"version": None, "allow_http": False, **wish})


def test_a_dry_run_shows_the_record_of_the_run_that_counts(
    platform: Platform, sandbox: Local
) -> None:
    """Same effects, same version, same profile; what differs is what was measured, and http."""
    shown = dry(platform, sandbox)
    message = RunMessage(
        tenant=TENANT,
        run_id=ids.run_id(TENANT, EVENT.id, "vip-orders"),
        function="vip-orders",
        event=EVENT.to_json(),
    )
    planned_run = run_plan.parse(dump(message.to_json()), now=NOW)
    assert [None] == platform.run(planned_run, sandbox=sandbox)
    counted = platform.record(planned_run)

    assert "dry_run" == shown.output
    assert "dns_failure" == counted.output
    measured: dict[str, Any] = {
        "output": None,
        "duration_ms": 0.0,
        "memory_mb": None,
        "http_calls": (),
    }
    effects: dict[str, Any] = {
        "effects": tuple(each for each in counted.effects if each["op"] != "http")
    }
    mine: dict[str, Any] = {
        "effects": tuple(each for each in shown.effects if each["op"] != "http")
    }
    assert replace(counted, **measured, **effects) == replace(shown, **measured, **mine)
    [call] = counted.http_calls
    assert ("crm.example.invalid", "/customers") == (call["host"], call["path"])
    assert "ada" not in json.dumps(call)
    assert counted.memory_mb is not None


def test_nothing_is_left_of_a_dry_run(platform: Platform, sandbox: Local) -> None:
    """No record, no event on the bus, no change of the profile."""
    assert Outcome.RETURNED is dry(platform, sandbox).outcome

    of_function = RunSelection(function="vip-orders")
    assert () == platform.cloud.runs.list(TENANT, of_function).items
    assert [] == platform.cloud.received("landed")
    assert a_profile() == platform.cloud.profiles.find(TENANT, a_profile().id)
