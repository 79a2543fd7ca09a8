"""Functions as people write them, at the engine `wasm`: they do what CPython makes of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox import harness

ORDINARY = harness.cases("ordinary_functions.jsonl")
OWN = harness.cases("own_functions.jsonl")
EVENT = ORDINARY[0]["event"]


@pytest.fixture(scope="module", params=harness.LEVELS)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox at each level."""
    harness.need(request.param)
    with Sandbox(Options(request.param, engine=EngineName.WASM)) as made:
        yield made


@pytest.mark.parametrize("case", ORDINARY, ids=lambda case: str(case["id"]))
def test_an_ordinary_function_does_what_cpython_makes_of_it(
    box: Sandbox, case: dict[str, Any]
) -> None:
    """The language is CPython's: nobody has to learn another."""
    _compare(box, case)


@pytest.mark.parametrize("case", OWN, ids=lambda case: str(case["id"]))
def test_more_ordinary_functions_do_what_cpython_makes_of_them(
    box: Sandbox, case: dict[str, Any]
) -> None:
    """Those that we were given are a sample of kinds."""
    _compare(box, case)


def _compare(box: Sandbox, case: dict[str, Any]) -> None:
    event = case.get("event", EVENT)
    profile = event.get("profile")
    job = harness.a_job(case["code"], limits={"wall_s": 5.0})
    job["events"] = [{"run_id": "r", "event": event, "profile": profile}]
    result = box.run(job)["results"][0]
    assert result["outcome"] == case["expect"], result["error"]
    if "output" in case:
        assert result["output"] == case["output"]
