"""The sandbox alone, on one core: what a run costs, and what the same takes in its peers."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

from bench import peers
from bench.report import Row, spread
from infra.build.venvs import ROOT
from runtime.core.function import Limits
from sandbox.host import Sandbox

FUNCTION: Final = ROOT / "examples" / "functions" / "order_to_erp"  # 50 lines, a 2 KB event
COLD_STARTS: Final = 7
SINGLE_RUNS: Final = 300
BATCHES: Final = 30
BATCH: Final = 100
CHECKS: Final = 100


def measure() -> Iterator[Row]:
    """Cold start, fork and load, warm events, batches of a hundred, checks; then the peers."""
    with _one_core():
        yield from _sandbox()
        yield from peers.measure(FUNCTION)


def _sandbox() -> Iterator[Row]:
    yield Row(
        what="sandbox, cold: start to first result, p50 / p99",
        value=spread([_cold_ms() for _ in range(COLD_STARTS)], unit="ms", digits=0),
        how=f"{COLD_STARTS} fresh sandboxes, self-test and compilation included",
    )
    with Sandbox() as sandbox:
        isolation = str(sandbox.run(_job(1))["isolation"])
        loads = [_load_ms(sandbox) for _ in range(SINGLE_RUNS)]
        batches = [_batch(sandbox) for _ in range(BATCHES)]
        source = _source()
        checks = [_check_ms(sandbox, f"{source}\n# {number}\n") for number in range(CHECKS)]
    yield Row(
        what="fork a worker and load cached code, p50 / p99",
        value=spread(loads, unit="ms", digits=2),
        how=f"{SINGLE_RUNS} runs of one event, less the event itself; isolation {isolation}",
    )
    yield Row(
        what="warm event, p50 / p99",
        value=spread([each for _, events in batches for each in events], unit="ms", digits=3),
        how=f"`order_to_erp`, 50 lines, 2 KB: to the worker and back, {BATCHES * BATCH} events",
    )
    whole_ms = [took for took, _ in batches]
    yield Row(
        what=f"a batch of {BATCH}, p50 / p99",
        value=spread(whole_ms, unit="ms", digits=1),
        how=f"{BATCHES} batches, fork and load included: "
        f"{1000 * BATCH / sorted(whole_ms)[len(whole_ms) // 2]:.0f} events/s at the median",
    )
    yield Row(
        what="check at publish time, p50 / p99",
        value=spread(checks, unit="ms", digits=2),
        how=f"{CHECKS} versions of the same {len(source.splitlines())} lines, each new",
    )


@contextmanager
def _one_core() -> Iterator[None]:
    """Everything measured here, and every process it starts, on one core where that can be had."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _cold_ms() -> float:
    job = _job(1)
    began_s = time.perf_counter()
    with Sandbox() as sandbox:
        sandbox.run(job)
        return (time.perf_counter() - began_s) * 1000


def _load_ms(sandbox: Sandbox) -> float:
    took_ms, [event_ms] = _batch(sandbox, events=1)
    return took_ms - event_ms


def _batch(sandbox: Sandbox, *, events: int = BATCH) -> tuple[float, list[float]]:
    """Milliseconds of the whole batch, and of each event in it."""
    job = _job(events)
    began_s = time.perf_counter()
    results = sandbox.run(job)["results"]
    took_ms = (time.perf_counter() - began_s) * 1000
    expected = json.loads((FUNCTION / "expected.json").read_text(encoding="utf-8"))["output"]
    if any(result["output"] != expected for result in results):
        raise RuntimeError(f"the bench's own function ended as {results[0]}")
    return took_ms, [float(result["duration_ms"]) for result in results]


def _check_ms(sandbox: Sandbox, source: str) -> float:
    began_s = time.perf_counter()
    findings = sandbox.check(source)
    took_ms = (time.perf_counter() - began_s) * 1000
    if findings:
        raise RuntimeError(f"the bench's own function is refused: {findings[0]}")
    return took_ms


def _source() -> str:
    return (FUNCTION / "function.py").read_text(encoding="utf-8")


def _job(events: int) -> dict[str, Any]:
    event = json.loads((FUNCTION / "event.json").read_text(encoding="utf-8"))
    return {
        "v": 1,
        "op": "run",
        "tenant": "acme",
        "function": FUNCTION.name,
        "version": 1,
        "source": _source(),
        "limits": asdict(Limits()),
        "http_hosts": [],
        "secrets": {},
        "webhooks": None,
        "events": [{"run_id": f"run_{n}", "event": event, "profile": None} for n in range(events)],
        "allow_local_http": False,
    }
