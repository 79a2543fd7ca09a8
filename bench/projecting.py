"""Projects events as the Lambda does, and resolves names, in a process of its own.

The emulated AWS runs in another process, so the CPU is that of our code and the AWS client. See
`bench.identity`, which starts this with the environment of `project_profile`.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from bench.queued import from_the_bus, records
from runtime import settings
from runtime.core.events import envelope
from runtime.core.profiles import names
from runtime.wiring import parts, people_parts

BATCH: Final = 10
BATCHES: Final = 40
WARM_UP: Final = 5
RESOLVED: Final = 300  # times that one event's names are resolved
Envelope = dict[str, Any]


class _Context:
    """The part of Lambda's context that our log lines use."""

    aws_request_id = "bench"


def _main() -> None:
    tenant = os.environ["BENCH_TENANT"]
    cpu_ms = {
        name: _cpu_ms(make, tenant=tenant, batches=batches)
        # In this order: all people begin before events about them are measured, and merge last.
        for name, make, batches in (
            ("begin", _beginning, 2 * (WARM_UP + BATCHES)),
            ("mention", _mentioning, WARM_UP + BATCHES),
            ("set", _setting, WARM_UP + BATCHES),
            ("merge", _merging, WARM_UP + BATCHES),
        )
    }
    print(json.dumps({"cpu_ms": cpu_ms, **_resolution_ms(tenant)}))


def _cpu_ms(make: Callable[[int], Envelope], *, tenant: str, batches: int) -> float:
    """Milliseconds of CPU per event, in batches of ten about ten people."""
    from functions import project_profile

    spent_s: list[float] = []
    for start in range(0, batches * BATCH, BATCH):
        envelopes = [make(n) | {"tenant": tenant} for n in range(start, start + BATCH)]
        event = records(map(from_the_bus, envelopes))
        began_s = time.process_time()
        answer = project_profile.handler(event, _Context())
        spent_s.append(time.process_time() - began_s)
        if answer["batchItemFailures"]:
            raise RuntimeError(f"project_profile failed: {answer}")
    return sum(spent_s[WARM_UP:]) * 1000 / ((batches - WARM_UP) * BATCH)


def _beginning(number: int) -> Envelope:
    """Begins a person with one name: an external id for even numbers, an e-mail for odd ones."""
    kind, value = _one_name(number)
    return {
        "id": f"identity-begin-{number}",
        "topic": "profile.updated",
        "profile": {kind: value},
        "properties": {"city": "Paris", "plan": "free"},
    }


def _mentioning(number: int) -> Envelope:
    kind, value = _one_name(number)
    return {
        "id": f"identity-mention-{number}",
        "topic": "metric.viewed_page",
        "profile": {kind: value},
        "properties": {"url": "https://shop.example.com/"},
    }


def _setting(number: int) -> Envelope:
    properties = {"city": f"city {number}"}
    return _beginning(number) | {"id": f"identity-set-{number}", "properties": properties}


def _merging(number: int) -> Envelope:
    """Names two people who are known, so they turn out to be one."""
    return {
        "id": f"identity-merge-{number}",
        "topic": "profile.updated",
        "profile": {**dict([_one_name(2 * number)]), **dict([_one_name(2 * number + 1)])},
        "properties": {"plan": "paid"},
    }


def _one_name(number: int) -> tuple[str, str]:
    person = number // 2
    if number % 2:
        return "email", f"identity-{person}@example.com"
    return "external_id", f"identity-{person}"


def _resolution_ms(tenant: str) -> Mapping[str, list[float]]:
    """Milliseconds to find out whom one event is about, when its name is believed and when not."""
    installation = settings.load()
    people = people_parts.people(parts.clients(installation), installation)
    rules = people.rules(tenant)
    samples: dict[str, list[float]] = {"unknown": [], "believed": []}
    raw = _mentioning(0) | {"tenant": tenant}
    event = envelope.parse(raw, now="2026-11-20T13:04:05.123Z")
    about = [(event, names.of(event.profile, rules))]
    people.draft(tenant, about)  # opens the connection, and reads what a process reads once
    for _ in range(RESOLVED):
        for name, again in (("unknown", True), ("believed", False)):
            began_s = time.perf_counter()
            people.draft(tenant, about, again=again)
            samples[name].append((time.perf_counter() - began_s) * 1000)
    return samples


if __name__ == "__main__":
    _main()
