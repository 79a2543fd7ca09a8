"""Engines from the push to the record: real code in the real sandbox, on real stores."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from runtime.core import ids
from runtime.core.functions.function import Engine
from runtime.core.functions.run import Outcome, Run
from runtime.stores.functions import items
from runtime.stores.functions.sandbox_function import SandboxFunction
from runtime.stores.tables import keys
from runtime.usecases.functions.publish_version import PublishVersion
from runtime.usecases.functions.push_version import PushVersion
from sandbox import engines
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.builders import TENANT, a_function
from tests.cloud import Cloud
from tests.runs import Platform, a_planned_run

SOURCE = "def handler(event):\n    return event['id']\n"


class LambdaOf:
    """What Lambda makes of the sandbox's handler: an answer, or an exception put into JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def invoke(self, **request: Any) -> Mapping[str, Any]:
        """An invocation of the sandbox."""
        job = json.loads(request["Payload"])
        try:
            answer = self._sandbox.run(job)
        except Exception as problem:  # noqa: BLE001 - as Lambda does, whatever it is
            error = {"errorType": type(problem).__name__, "errorMessage": str(problem)}
            payload = io.BytesIO(json.dumps(error).encode())
            return {"FunctionError": "Unhandled", "Payload": payload}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def behind_lambda(sandbox: Sandbox) -> SandboxFunction:
    """The platform's own way to the sandbox."""
    return SandboxFunction(client=cast("Any", LambdaOf(sandbox)), name="sandbox")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose installation is set to the other engine than what was stored before."""
    with Sandbox(Options(allow_weak=True, engine="wasm")) as started:
        yield started


@pytest.fixture
def platform(cloud: Cloud, sandbox: Sandbox) -> Platform:
    """An installation whose functions really run."""
    made = Platform(cloud)
    made.sandbox = behind_lambda(sandbox)  # type: ignore[assignment]
    return made


def recorded(platform: Platform) -> Run | None:
    """The record of the event's run."""
    return platform.cloud.runs.find(ids.run_id(TENANT, "evt_1", "vip-orders"))


@pytest.mark.parametrize("engine", Engine)
def test_what_a_function_chose_is_what_checks_keeps_and_runs_it(
    platform: Platform, engine: Engine
) -> None:
    """From the setting by way of the check and the version to the record of a run."""
    platform.functions.add(a_function(latest_version=0, live_version=None, engine=engine))
    push = PushVersion(
        functions=platform.functions,
        sandbox=platform.sandbox,
        clock=platform.clock,
    )
    pushed = push(TENANT, "vip-orders", source=SOURCE)
    published = PublishVersion(functions=platform.functions, clock=platform.clock)(
        TENANT, "vip-orders"
    )
    # What the function is set to afterwards is for versions to come.
    other = next(each for each in Engine if each is not engine)
    platform.functions.replace(published, replace(published, engine=other))

    assert [None] == platform.run(a_planned_run())

    run = recorded(platform)
    assert run is not None
    assert engine is pushed.version.engine
    assert (Outcome.RETURNED, engine, "evt_1") == (run.outcome, run.engine, run.output)
    assert run.isolation


def test_a_version_from_before_engines_goes_on_as_it_was_checked(platform: Platform) -> None:
    """An update of the installation must not change under its events what a function is."""
    function = platform.publish(SOURCE)
    table = platform.cloud.config.table
    stored = items.version_item(platform.functions.get_version(TENANT, function.name, version=1))
    key = {"pk": {"S": keys.tenant(TENANT)}, "sk": {"S": keys.version(function.name, 1)}}
    old = {name: held for name, held in stored.items() if name != "engine"}
    table.client.put_item(TableName=table.name, Item={**old, **key})

    assert [None] == platform.run(a_planned_run())

    run = recorded(platform)
    assert run is not None
    assert (Outcome.RETURNED, Engine.RESTRICTED) == (run.outcome, run.engine)


def test_an_engine_that_is_missing_for_a_while_loses_no_event(platform: Platform) -> None:
    """It is the platform's fault: named, not recorded as the user's, and tried again."""
    platform.publish(SOURCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(engines.PACKAGES, EngineName.RESTRICTED, ("no_such_package",))
        assert ["engine_unavailable"] == platform.run(a_planned_run())
        assert recorded(platform) is None

    assert [None] == platform.run(a_planned_run())

    run = recorded(platform)
    assert run is not None
    assert (Outcome.RETURNED, 1) == (run.outcome, run.attempt)
