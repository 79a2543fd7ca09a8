"""Runs hostile cases through the real sandbox, and a victim after each of them."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import limits
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from sandbox.process import EngineUnavailable

HERE = Path(__file__).parent
CORPORA = ("escape_corpus.jsonl", "escape_corpus_2.jsonl")
FILES = (*CORPORA, "own_attacks.jsonl", "reviewed_attacks.jsonl")
LEVELS = ("seccomp", "rlimit")
ENGINES = tuple(EngineName)
WALL_S = 1.0
LATE_MS = 600  # after its wall clock at the latest, on a machine that has other work
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


def need(level: str, engine: str = EngineName.RESTRICTED) -> None:
    """Go on only where this level holds: fail at any leak, skip where there is no such level.

    An engine that has not been built is a failure, not a reason to skip: what is not tested here
    is tested nowhere.
    """
    import pytest  # the other Python of a machine, which runs attacks too, may have none

    try:
        with Sandbox(Options(level, allow_weak=True, engine=engine)) as box:
            judge_level(level, box.doctor()["levels"][level])
    except EngineUnavailable as problem:
        pytest.fail(f"the engine {engine} cannot be tested here: {problem}")


def judge_level(level: str, leaks: list[str]) -> None:
    """What the self-test's findings about a level mean for the tests of that level."""
    import pytest

    if level == "seccomp" and leaks and leaks[0].startswith("not available here"):
        pytest.skip(f"NOT TESTED: seccomp, which this kernel does not have: {leaks[0]}")
    if leaks:
        pytest.fail(f"{level} lets through: {', '.join(leaks)}")


@contextmanager
def engine_box(engine: str) -> Iterator[Sandbox]:
    """A sandbox whose jobs run in this engine; skips where it cannot be used."""
    import pytest

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
        "limits": {"wall_s": WALL_S},
        "http_hosts": [],
        "secrets": {"api_key": CANARY},
        "webhooks": None,
        "events": [{"run_id": f"run_{n}", "event": event, "profile": None} for n in range(events)],
        "allow_local_http": False,
    } | changes


def calm(level: str, engine: str) -> Any:
    """What the victim says where nobody has attacked."""
    with Sandbox(Options(level, engine=engine)) as box:
        return box.run(a_job(VICTIM))["results"][0]["output"]


def run_all(
    isolation: str, wanted: Iterable[dict[str, Any]], *, engine: str = EngineName.RESTRICTED
) -> list[dict[str, Any]]:
    """For each case: what came of it, and what the victim said afterwards in the same zygote.

    Two sandboxes share the cases: each waits for its clock while the other works.
    """
    os.environ["PENSTOCK_CANARY"] = CANARY
    todo = list(enumerate(wanted))
    options = Options(isolation, engine=engine)
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(lambda half: _run_some(options, half), (todo[::2], todo[1::2]))
        found = [each for half in halves for each in half]
    return [outcome for _, outcome in sorted(found, key=lambda each: each[0])]


def _run_some(
    options: Options, wanted: list[tuple[int, dict[str, Any]]]
) -> list[tuple[int, dict[str, Any]]]:
    found = []
    with Sandbox(options) as box:
        zygote = zygote_pid(box, options.engine)
        for number, case in wanted:
            events = 3 if case["category"] == "state" else 1
            answer = box.run(a_job(case["code"], events=events))
            victim = box.run(a_job(VICTIM))["results"][0]
            outcome = {
                "id": case["id"],
                "answer": answer,
                "victim": victim["output"],
                "same_zygote": zygote_pid(box, options.engine) == zygote,
            }
            found.append((number, outcome))
    return found


def zygote_pid(box: Sandbox, engine: str) -> int:
    """The process that forks this sandbox's workers now."""
    return box._hosts[EngineName(engine)].start().pid  # noqa: SLF001 - the process under test


def complaints(
    case: dict[str, Any], outcome: dict[str, Any], calm: Any, *, engine: str = EngineName.RESTRICTED
) -> list[str]:
    """What is wrong with how this case ended; nothing, if all is well.

    With the engine `wasm` a program that leaves a language has Python of its own, and may say so:
    there only what it did counts, not how it ended.
    """
    found = []
    text = json.dumps(outcome["answer"])
    for result in outcome["answer"]["results"]:
        if engine != EngineName.WASM and result["outcome"] not in MEANS[case["expected"]]:
            came = result["error"] or result["output"]
            found.append(f"{case['id']} {case['goal']}: {result['outcome']} {came}")
        found += [f"{case['id']} {what}" for what in _excesses(result)]
    found += [f"{case['id']} shows {mark!r}" for mark in _host_marks(case) if mark in text]
    if outcome["victim"] != calm:
        found.append(f"{case['id']} changed the victim: {outcome['victim']}")
    if not outcome["same_zygote"]:
        found.append(f"{case['id']} felled the zygote")
    return found


def _excesses(result: dict[str, Any]) -> list[str]:
    """The quotas that one run went past."""
    most = limits.Limits()
    effects = result["effects"]
    counts = {
        "emit": most.emits,
        "http": most.http_calls,
        "deliver": limits.MAX_DELIVERS,
        "profile": limits.MAX_PROFILE_CHANGES,
    }
    sizes = {
        "log": (_size([entry["message"] for entry in result["logs"]]), 70_000),
        "result": (_size(result["output"]), most.result_bytes),
        "effects": (_size(effects), limits.MAX_EFFECTS_BYTES),
        "clock": (result["duration_ms"], WALL_S * 1000 + LATE_MS),
    }
    return [
        f"went past its number of {op} calls"
        for op, count in counts.items()
        if sum(effect["op"] == op for effect in effects) > count
    ] + [
        f"went past its {name}: {size}, and {room} is the most"
        for name, (size, room) in sizes.items()
        if size > room
    ]


def _size(value: Any) -> int:
    """Bytes of it as it is kept: in UTF-8, without blanks."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "replace"))


def _host_marks(case: dict[str, Any]) -> Sequence[str]:
    """Texts that only the host can show, and that this case does not hold itself."""
    marks = (CANARY, "root:x:", "sandbox.engines", "sandbox.jail", "RestrictedPython")
    paths = (str(HERE.parents[1]), sys.base_prefix, sys.prefix, str(Path.home()) + "/")
    return [mark for mark in (*marks, *paths) if mark not in case["code"]]
