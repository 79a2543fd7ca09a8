"""A sandbox whose functions run in the engine `wasm`."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox import harness

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="package")
def wasm() -> Iterator[Sandbox]:
    """At the best level that there is."""
    with Sandbox(Options(engine=EngineName.WASM)) as made:
        yield made


@pytest.fixture
def run(wasm: Sandbox) -> Run:
    """Runs a source on one event, and gives its result."""

    def once(source: str, event: Any = None, **changes: Any) -> dict[str, Any]:
        job = harness.a_job(source, **changes)
        job["events"] = [{"run_id": "run_0", "event": event, "profile": {"properties": {"n": 1}}}]
        result: dict[str, Any] = wasm.run(job)["results"][0]
        return result

    return once


@pytest.fixture
def findings(wasm: Sandbox) -> Callable[[str], list[dict[str, Any]]]:
    """What the check at publish says of a source."""

    def check(source: str) -> list[dict[str, Any]]:
        answer = wasm.run({"v": 1, "op": "check", "source": source, "engine": EngineName.WASM})
        made: list[dict[str, Any]] = answer["findings"]
        return made

    return check
