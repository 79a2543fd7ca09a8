"""Runs hostile cases through the real sandbox, and a victim after each of them."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine_host import Options
from sandbox.host import Sandbox

HERE = Path(__file__).parent
LEVELS = ("seccomp", "rlimit")
CANARY = "canary-7f3a9c51e2"
MEANS = {
    "compile_error": {"refused"},
    "runtime_error": {"refused", "raised"},
    "memory": {"refused", "out_of_memory", "timed_out"},
    "timeout": {"refused", "out_of_memory", "timed_out"},
    "contained": {"refused", "raised", "returned", "timed_out", "out_of_memory"},
}
VICTIM = """
import json, math, re, random, decimal, datetime
SEEN = []
def handler(event, profile, context):
    SEEN.append(event["id"])
    context.log("victim")
    return {
        "seen": SEEN, "json": json.dumps({"b": [1, 2.5, None]}), "pi": round(math.pi, 6),
        "re": re.sub("a+", "b", "caat"), "dec": str(decimal.Decimal(1) / 3),
        "day": datetime.date(2026, 1, 2).isoformat(), "tenant": context.tenant,
    }
"""


def need(level: str) -> None:
    """Go on only where this level holds: fail at any leak, skip where there is no such level."""
    with Sandbox(Options(level, allow_weak=True)) as box:
        judge_level(level, box.doctor()["levels"][level])


def judge_level(level: str, leaks: list[str]) -> None:
    """What the self-test's findings about a level mean for the tests of that level."""
    if level == "seccomp" and leaks and leaks[0].startswith("not available here"):
        pytest.skip(f"NOT TESTED: seccomp, which this kernel does not have: {leaks[0]}")
    if leaks:
        pytest.fail(f"{level} lets through: {', '.join(leaks)}")


@contextmanager
def engine_box(engine: str) -> Iterator[Sandbox]:
    """A sandbox whose jobs run in this engine; skips where it cannot be used."""
    with Sandbox() as probe:
        problem = probe.doctor()["engines"][engine]
    if problem:
        pytest.skip(f"NOT TESTED: the engine {engine}: {problem}")
    with Sandbox(Options(engine=engine)) as made:
        yield made


def cases(*names: str) -> list[dict[str, Any]]:
    """The cases of these files."""
    lines = [line for name in names for line in (HERE / name).read_text("utf-8").split("\n")]
    return [json.loads(line) for line in lines if line.strip()]


def a_job(source: str, *, events: int = 1, **changes: Any) -> dict[str, Any]:
    """A job that runs the source on ordinary events."""
    event = {"id": "evt_1", "topic": "metric.placed_order", "properties": {"value": 1}}
    return {
        "v": 1,
        "op": "run",
        "tenant": "acme",
        "function": "f",
        "source": source,
        "limits": {"wall_s": 1.0},
        "http_hosts": [],
        "secrets": {"api_key": CANARY},
        "webhooks": None,
        "events": [{"run_id": f"run_{n}", "event": event, "profile": None} for n in range(events)],
        "allow_local_http": False,
    } | changes


def run_all(isolation: str, wanted: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each case: what came of it, and what the victim said afterwards in the same zygote."""
    os.environ["PENSTOCK_CANARY"] = CANARY
    found = []
    with Sandbox(Options(isolation)) as box:
        for case in wanted:
            events = 3 if case["category"] == "state" else 1
            answer = box.run(a_job(case["code"], events=events))
            victim = box.run(a_job(VICTIM))["results"][0]
            found.append({"id": case["id"], "answer": answer, "victim": victim["output"]})
    return found


def complaints(case: dict[str, Any], outcome: dict[str, Any], calm: Any) -> list[str]:
    """What is wrong with how this case ended; nothing, if all is well."""
    found = []
    text = json.dumps(outcome["answer"])
    for result in outcome["answer"]["results"]:
        if result["outcome"] not in MEANS[case["expected"]]:
            found.append(f"{case['id']} {case['goal']}: {result['outcome']} {result['output']}")
        logged = sum(len(entry["message"]) for entry in result["logs"])
        emitted = sum(effect["op"] == "emit" for effect in result["effects"])
        if logged > 70_000 or emitted > 100:
            found.append(f"{case['id']} went past a quota")
    if CANARY in text or "root:x:" in text:
        found.append(f"{case['id']} leaked")
    if outcome["victim"] != calm:
        found.append(f"{case['id']} changed the victim: {outcome['victim']}")
    return found
