"""The engine `wasm` behind the real host: what one event does to those behind it in its batch."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

ENDS = {
    "stack": "json.loads('[' * 1000000)",
    "trap": "os.write(1, b'x')",
    "loop": "[None for _ in iter(int, 1)]",
}


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """A sandbox whose jobs get the engine `wasm`."""
    with Sandbox(Options(engine="wasm")) as made:
        yield made


@pytest.mark.parametrize("end", ENDS)
def test_the_event_behind_one_that_ends_its_worker_runs_in_another(box: Sandbox, end: str) -> None:
    """However soon it comes: a worker takes a moment to die, and would take the event with it."""
    source = f"import json, os\ndef handler(event, *_):\n    return event or {ENDS[end]}\n"
    events = [
        {"run_id": f"run_{number}", "event": event, "profile": None}
        for number, event in enumerate((1, 0, 2, 0, 0, 3))
    ]
    job: dict[str, Any] = a_job(source, limits={"wall_s": 0.3}) | {"events": events}
    results = box.run(job)["results"]
    name = {"stack": "RecursionError", "trap": "Crashed", "loop": "TimedOut"}[end]
    errors = [(result["error"] or {}).get("type") for result in results]
    assert errors == [None, name, None, name, name, None]
    assert [result["output"] for result in results] == [1, None, 2, None, None, 3]
