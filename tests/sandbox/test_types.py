"""A function may import the types of its arguments, on either engine."""

import pytest

from sandbox.engines import EngineName
from sandbox.sdk import types
from tests.sandbox import harness

FOR_THE_CHECKER_ONLY = """
from __future__ import annotations
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from penstock import Context, MetricEvent, Profile

class Order(TypedDict):
    value: float

def handler(event: MetricEvent[Order], profile: Profile | None, context: Context) -> float:
    return event["properties"]["value"]
"""
AT_RUN_TIME = """
from typing import TypedDict, cast
from penstock import Answer, Context, EmailEvent, Event, Http, MetricEvent, Profile, SmsEvent

class Order(TypedDict):
    value: float

OrderEvent = MetricEvent[Order]
MessageEvent = EmailEvent | SmsEvent | None

def call(http: Http, event: "Event | None") -> Answer | None:
    return None

def handler(event: OrderEvent, profile: Profile | None, context: Context) -> float:
    maybe: Event | None = cast(Event | None, event)
    return maybe["properties"]["value"] if maybe else 0.0
"""
EVERY_NAME = f"""
from penstock import {", ".join(types.EXPORTS)}

def handler(event):
    return 2.5
"""


@pytest.mark.parametrize("engine", harness.ENGINES)
@pytest.mark.parametrize("source", [FOR_THE_CHECKER_ONLY, AT_RUN_TIME, EVERY_NAME])
def test_a_function_with_types_runs(source: str, engine: EngineName) -> None:
    """What an editor and mypy accept is not refused by a push, and does not fail in a run."""
    job = harness.a_job(source, engine=engine)
    job["events"][0]["event"]["properties"] = {"value": 2.5}

    with harness.engine_box(engine) as box:
        [result] = box.run(job)["results"]
        findings = box.check(source, engine=engine)

    assert ("returned", 2.5) == (result["outcome"], result["output"])
    assert () == tuple(findings)
