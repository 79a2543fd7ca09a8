"""Measures the sandbox alone, on one core: what each engine costs, and what its peers cost."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any, Final, TypeVar

from bench import peers, sandbox_memory
from bench.report import Row, percentile, spread, table
from bench.sandbox_probes import EMPTY, PROBES, Probe
from infra.build.commands import ROOT
from runtime.core.functions.function import Limits
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox

FUNCTION: Final = ROOT / "examples" / "functions" / "order_to_erp"  # 50 lines, a 2 KB event
COLD_STARTS: Final = 7
SINGLE_RUNS: Final = 300
BATCHES: Final = 30
BATCH: Final = 100
CHECKS: Final = 100
PROBE_RUNS: Final = 40

T = TypeVar("T")
Boxes = Mapping[EngineName, Sandbox]
Samples = Mapping[EngineName, list[float]]


def measure() -> Iterator[Row]:
    """Measure starts, loads, warm events, batches, checks, calls and memory; then the peers."""
    with _one_core():
        yield from _engines()
        yield from peers.measure(FUNCTION)


def _engines() -> Iterator[Row]:
    yield _row(
        "sandbox, cold: start to first result",
        {name: [_cold_ms(name) for _ in range(COLD_STARTS)] for name in EngineName},
        how=f"{COLD_STARTS} fresh sandboxes, self-tests and compilation included",
        digits=0,
    )
    with ExitStack() as stack:
        boxes = {name: stack.enter_context(Sandbox(Options(engine=name))) for name in EngineName}
        yield from _whole_runs(boxes)
        yield from _probes(boxes)
        for name, box in boxes.items():
            yield from sandbox_memory.measure(box, name, _job(1))


def _whole_runs(boxes: Boxes) -> Iterator[Row]:
    levels = {str(box.run(_job(1))["isolation"]) for box in boxes.values()}
    yield _row(
        "fork a worker and load cached code",
        _by_turns(boxes, _load_ms, times=SINGLE_RUNS),
        how=f"{SINGLE_RUNS} runs of one event, less the event; isolation {', '.join(levels)}",
        digits=2,
    )
    batches = _by_turns(boxes, _batch, times=BATCHES)
    yield _row(
        "warm event",
        {
            name: [each for _, events in batch_samples for each in events]
            for name, batch_samples in batches.items()
        },
        how=f"`order_to_erp`, 50 lines, 2 KB: to the worker and back, {BATCHES * BATCH} events",
        digits=3,
    )
    whole_ms = {
        name: [took_ms for took_ms, _ in batch_samples] for name, batch_samples in batches.items()
    }
    rates = [f"{name} {1000 * BATCH / percentile(each, 50):.0f}" for name, each in whole_ms.items()]
    yield _row(
        f"a batch of {BATCH}",
        whole_ms,
        how=f"{BATCHES} batches, fork and load included; events/s: {', '.join(rates)}",
    )
    yield _row(
        "check at publish time",
        _by_turns(boxes, _check_ms, times=CHECKS),
        how=f"{CHECKS} versions of the same {len(_source().splitlines())} lines, each new",
        digits=2,
    )


def _probes(boxes: Boxes) -> Iterator[Row]:
    samples_by_probe = {
        probe: _by_turns(boxes, partial(_warm_ms, job=_probe_job(probe)), times=PROBE_RUNS)
        for probe in PROBES
    }
    empty_ms = {name: percentile(samples, 50) for name, samples in samples_by_probe[EMPTY].items()}
    yield _row(EMPTY.what, samples_by_probe[EMPTY], how=f"{PROBE_RUNS} warm runs", digits=3)
    for probe, samples in samples_by_probe.items():
        if probe is not EMPTY:
            yield _row(
                probe.what,
                {
                    name: [(each - empty_ms[name]) / probe.times for each in samples_ms]
                    for name, samples_ms in samples.items()
                },
                how=f"{PROBE_RUNS} warm runs of {probe.times}, less an empty handler",
                digits=3,
            )


def _row(title: str, samples: Samples, *, how: str, digits: int = 1) -> Row:
    parts = [f"{name} {spread(each, unit='ms', digits=digits)}" for name, each in samples.items()]
    return Row(what=f"{title}, p50 / p99", value=", ".join(parts), how=how)


def _by_turns(
    boxes: Boxes, sample: Callable[[Sandbox], T], *, times: int
) -> dict[EngineName, list[T]]:
    """Take one sample of each engine in turn, so that what slows the machine slows both."""
    samples: dict[EngineName, list[T]] = {name: [] for name in boxes}
    for box in boxes.values():
        sample(box)  # the first run compiles the source, and is not measured
    for _ in range(times):
        for name, box in boxes.items():
            samples[name].append(sample(box))
    return samples


@contextmanager
def _one_core() -> Iterator[None]:
    """Keep this process, and all that it starts, on one core, if the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _cold_ms(engine: EngineName) -> float:
    job = _job(1)
    began_s = time.perf_counter()
    with Sandbox(Options(engine=engine)) as sandbox:
        sandbox.run(job)
        return (time.perf_counter() - began_s) * 1000


def _load_ms(sandbox: Sandbox) -> float:
    took_ms, [event_ms] = _batch(sandbox, events=1)
    return took_ms - event_ms


def _batch(sandbox: Sandbox, *, events: int = BATCH) -> tuple[float, list[float]]:
    """The milliseconds of a whole batch, and those of each event in it."""
    job = _job(events)
    began_s = time.perf_counter()
    results = sandbox.run(job)["results"]
    took_ms = (time.perf_counter() - began_s) * 1000
    expected_output = json.loads((FUNCTION / "expected.json").read_text(encoding="utf-8"))["output"]
    if any(result["output"] != expected_output for result in results):
        raise RuntimeError(f"the bench's own function ended as {results[0]}")
    return took_ms, [float(result["duration_ms"]) for result in results]


def _check_ms(sandbox: Sandbox) -> float:
    source = f"{_source()}\n# {time.perf_counter_ns()}\n"
    began_s = time.perf_counter()
    findings = sandbox.check(source)
    took_ms = (time.perf_counter() - began_s) * 1000
    if findings:
        raise RuntimeError(f"the bench's own function is refused: {findings[0]}")
    return took_ms


def _warm_ms(sandbox: Sandbox, *, job: dict[str, Any]) -> float:
    """The milliseconds of a worker's second event, because the first one pays for the start."""
    results = sandbox.run(job)["results"]
    if any(result["outcome"] != "returned" for result in results):
        raise RuntimeError(f"the bench's own function ended as {results[0]}")
    return float(results[1]["duration_ms"])


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


def _probe_job(probe: Probe) -> dict[str, Any]:
    return {**_job(2), "source": probe.source, "secrets": {"TOKEN": "token-of-the-bench"}}


if __name__ == "__main__":
    print(table(measure()))
