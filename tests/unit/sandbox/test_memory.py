"""A result says how much memory the run took, in either engine and however it ended."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

TAKEN_MB = 40
NOISE_MB = 8  # of the interpreter's own, and pages that the first event touches


@pytest.fixture(scope="module", params=EngineName)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One sandbox an engine."""
    with Sandbox(Options(engine=request.param)) as made:
        yield made


def _ran(box: Sandbox, body: str, *, events: int = 1, **changes: Any) -> list[dict[str, Any]]:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    job = a_job(f"SEEN = []\ndef handler(event):\n{lines}", events=events, **changes)
    results: list[dict[str, Any]] = box.run(job)["results"]
    return results


def test_a_function_that_takes_little_shows_little(box: Sandbox) -> None:
    """An empty worker counts for nothing: the number is the function's own."""
    (result,) = _ran(box, "return 1")
    assert 0 <= result["memory_mb"] < NOISE_MB


def test_memory_that_was_given_back_still_counts_in_the_peak(box: Sandbox) -> None:
    """The limit is on the peak, so the number beside it has to be one."""
    (result,) = _ran(box, f"x = 'a' * ({TAKEN_MB} << 20)\ndel x\nreturn 1")
    assert "returned" == result["outcome"]
    assert TAKEN_MB <= result["memory_mb"] < TAKEN_MB + NOISE_MB


def test_a_later_event_of_a_batch_shows_the_peak_of_the_worker_so_far(box: Sandbox) -> None:
    """The events of a batch share a worker: what one leaves behind is there for the next."""
    body = f"SEEN.append(1)\nx = 'a' * ({TAKEN_MB} << 20) if len(SEEN) == 2 else ''\nreturn len(x)"
    first, second, third = (each["memory_mb"] for each in _ran(box, body, events=3))
    assert first < NOISE_MB
    assert TAKEN_MB <= second <= third < TAKEN_MB + NOISE_MB


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (f"x = 'a' * ({TAKEN_MB} << 20)\nwhile True:\n    pass", "timed_out"),
        (f"x = 'a' * ({TAKEN_MB} << 20)\nraise ValueError(len(x))", "raised"),
        (f"x = ['a' * ({TAKEN_MB} << 20)]\nwhile True:\n    x.append('b' + x[0])", "out_of_memory"),
    ],
)
def test_a_run_that_ended_badly_says_what_it_took(box: Sandbox, body: str, outcome: str) -> None:
    """Somebody who raises a limit wants to know by how much."""
    (result,) = _ran(box, body)
    assert outcome == result["outcome"]
    assert TAKEN_MB <= result["memory_mb"] <= 128 + NOISE_MB


def test_a_source_that_is_refused_took_nothing(box: Sandbox) -> None:
    """Nothing ran, so there is nothing to measure; 0 would be a claim."""
    (result,) = box.run(a_job("def handler(event:"))["results"]
    assert ("refused", None, []) == (result["outcome"], result["memory_mb"], result["http"])


@pytest.mark.parametrize(
    "body",
    [
        "x = {}\nfor n in range(10**8): x[n] = {}",
        "x = []\nwhile True: x.append([])",
        "x = {}\nfor n in range(10**8): x[str(n)] = str(n) * 9",
        "for n in range(10**8): SEEN.append({n: n})",
    ],
)
@pytest.mark.parametrize("isolation", ["auto", "rlimit"])
@pytest.mark.parametrize("engine", EngineName)
def test_a_function_that_takes_its_memory_in_small_pieces_is_told_so_at_once(
    engine: str, isolation: str, body: str
) -> None:
    """Then not even the few bytes are left that Python wants for the end of a `with` block.

    The last one keeps the memory in a global of the module, so it is not free afterwards either.
    """
    with Sandbox(Options(isolation, engine=engine)) as box:
        (result,) = _ran(box, body, limits={"wall_s": 10.0, "memory_mb": 48})
        assert "out_of_memory" == result["outcome"], result
        (after,) = _ran(box, "return 1")
        assert "returned" == after["outcome"]
