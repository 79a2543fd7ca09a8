"""The sandbox alone: what a run costs cold and warm, on one core, with no cloud around it."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from bench.report import Row, spread
from infra.demo.setup import FUNCTIONS, TRIGGER
from runtime.core.function import Limits
from sandbox.host import Sandbox

COLD_STARTS: Final = 7
SINGLE_RUNS: Final = 300
BATCHES: Final = 30
BATCH: Final = 100
CHECKS: Final = 100
EVENT: Final[Mapping[str, Any]] = {
    "id": "bench",
    "tenant": "acme",
    "topic": "metric.placed_order",
    "occurred_at": "1997-01-01T12:00:00.000Z",
    "profile": {"external_id": "bench"},
    "properties": {"value": 29.33, "quantity": 2, "note": "x" * 1800},
}


def measure() -> Iterator[Row]:
    """Cold start, one event at a time, batches of a hundred, and the check of a publish."""
    yield Row(
        what="sandbox, cold: start to first result, p50 / p99",
        value=spread([_cold_ms() for _ in range(COLD_STARTS)], unit="ms", digits=0),
        how=f"{COLD_STARTS} fresh sandboxes, self-test and compilation included",
    )
    with Sandbox() as sandbox:
        isolation = str(sandbox.run(_job(1))["isolation"])
        single = [_run_ms(sandbox, events=1) for _ in range(SINGLE_RUNS)]
        batches = [_run_ms(sandbox, events=BATCH) for _ in range(BATCHES)]
        source = (FUNCTIONS / f"{TRIGGER}.py").read_text(encoding="utf-8")
        checks = [_check_ms(sandbox, f"{source}\n# {number}\n") for number in range(CHECKS)]
    yield Row(
        what="sandbox, warm: a batch of one event, p50 / p99",
        value=spread(single, unit="ms", digits=2),
        how=f"{SINGLE_RUNS} runs of `rfm` on a 2 KB event: fork, load, run; isolation {isolation}",
    )
    per_event = [batch_ms / BATCH for batch_ms in batches]
    yield Row(
        what=f"sandbox, warm: per event in a batch of {BATCH}, p50 / p99",
        value=spread(per_event, unit="ms", digits=3),
        how=f"{BATCHES} batches; {1000 * len(batches) / sum(per_event):.0f} events/s",
    )
    yield Row(
        what="check at publish time, p50 / p99",
        value=spread(checks, unit="ms", digits=2),
        how=f"{CHECKS} versions of the {len(source.splitlines())} lines of `rfm`",
    )


def _cold_ms() -> float:
    began_s = time.perf_counter()
    with Sandbox() as sandbox:
        _expect_success(sandbox.run(_job(1)))
        return (time.perf_counter() - began_s) * 1000


def _run_ms(sandbox: Sandbox, *, events: int) -> float:
    job = _job(events)
    began_s = time.perf_counter()
    answer = sandbox.run(job)
    took_ms = (time.perf_counter() - began_s) * 1000
    _expect_success(answer)
    return took_ms


def _check_ms(sandbox: Sandbox, source: str) -> float:
    began_s = time.perf_counter()
    findings = sandbox.check(source)
    took_ms = (time.perf_counter() - began_s) * 1000
    if findings:
        raise RuntimeError(f"the bench's own function is refused: {findings[0]}")
    return took_ms


def _expect_success(answer: Mapping[str, Any]) -> None:
    outcomes = {result["outcome"] for result in answer["results"]}
    if outcomes != {"returned"}:
        raise RuntimeError(f"the bench's own function ended as {outcomes}")


def _job(events: int) -> dict[str, Any]:
    return {
        "v": 1,
        "op": "run",
        "tenant": "acme",
        "function": TRIGGER,
        "version": 1,
        "source": (FUNCTIONS / f"{TRIGGER}.py").read_text(encoding="utf-8"),
        "limits": asdict(Limits()),
        "http_hosts": [],
        "secrets": {},
        "webhooks": None,
        "events": [{"run_id": f"run_{n}", "event": EVENT, "profile": None} for n in range(events)],
        "allow_local_http": False,
    }
