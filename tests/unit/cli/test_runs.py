"""`penstock runs`, `functions logs` and `functions invoke`: what functions did, and will do."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.functions.run import Outcome, Run
from runtime.core.timestamps import timestamp
from tests.builders import a_run, an_event
from tests.doubles import ScriptedSandbox
from tests.unit.cli.conftest import ROOT, Command

TRACEBACK = 'Traceback (most recent call last):\n  File "function.py", line 2, in handler\nKeyError'
CALL = {
    "method": "POST", "host": "crm.example.com", "path": "/orders", "status": 201, "error": None,
    "ms": 12.5,
}  # fmt: skip
LOST = {**CALL, "method": "GET", "status": None, "error": "dns_failure"}
EMIT = {"op": "emit", "topic": "metric.vip", "properties": {"n": 1}}
MADE = {"op": "http", "method": "POST", "url": "https://crm.example.com/orders", "status": 201}


def stored(penstock: Command, number: int, *, function: str = "vip", **changes: Any) -> Run:
    """Store a run that ended in that second."""
    tenant = penstock.api.tenant
    run = a_run(
        id=ids.run_id(tenant, f"evt_{number}", function),
        tenant=tenant,
        function=function,
        event_id=f"evt_{number}",
        **{"created_at": f"2026-11-20T13:04:{number:02}.000Z", **changes},
    )
    penstock.api.cloud.runs.commit(run)
    return run


@pytest.fixture
def two(penstock: Command) -> Command:
    """A tenant with two functions."""
    for name in ("vip", "crm"):
        penstock.api.post("/v1/functions", {"name": name, "engine": "restricted"})
    return penstock


@pytest.fixture
def sandbox(two: Command) -> ScriptedSandbox:
    """What dry runs are made in; `vip` has a live version."""
    two.api.post("/v1/functions/vip/versions", {"source": "x = 1"})
    two.api.post("/v1/functions/vip/publish", {"version": 1})
    sandbox = two.api.application.functions.dry_run.sandbox
    assert isinstance(sandbox, ScriptedSandbox)
    return sandbox


def test_runs_of_all_functions_are_listed_with_each_filter(two: Command) -> None:
    """As the API takes them; a time may be an age."""
    stored(two, 1)
    stored(two, 2, function="crm", outcome=Outcome.RAISED, profile_id="prf_1", version=3)

    everything = two("runs", "list")
    chosen = [
        two("runs", "list", *words, "--json").json["data"]
        for words in (
            ("--function", "crm"),
            ("--outcome", "failed"),
            ("--version", "3"),
            ("--profile", "prf_1"),
            ("--event", "evt_2"),
            ("--since", "2026-11-20T13:04:02Z", "--until", "2026-11-20T13:04:02Z"),
        )
    ]

    assert ["crm", "vip"] == [line.split()[2] for line in everything.out.splitlines()[1:]]
    assert [["evt_2"]] * 6 == [[run["event_id"] for run in runs] for runs in chosen]
    refused = two("runs", "list", "--outcome", "lost", "--json")
    assert (1, "bad_field") == (refused.code, refused.json["error"]["code"])


def test_a_run_is_shown_with_all_that_it_did(two: Command) -> None:
    """Each part under its own title, readable without knowing JSON."""
    run = stored(
        two,
        1,
        logs=({"message": "seen", "fields": {"n": 1}, "at_ms": 1},),
        http_calls=(CALL, LOST),
        effects=(MADE, EMIT, {"op": "profile", "set": {"tier": "gold"}, "unset": []}),
        memory_mb=3.5,
        output={"done": True},
    )

    shown = two("runs", "show", run.id)
    as_json = two("runs", "show", run.id, "--json")

    for lines in (
        'log\n  seen {"n": 1}\n',
        "http\n  POST crm.example.com/orders -> 201 in 12.5 ms\n",
        "  GET crm.example.com/orders -> dns_failure in 12.5 ms\n",
        'effects\n  emit metric.vip {"properties": {"n": 1}}\n',
        '  profile {"set": {"tier": "gold"}, "unset": []}\n',
        'output\n  {\n    "done": true\n  }\n',
    ):
        assert f"\n{lines}" in shown.out
    assert "memory_mb            3.5" in shown.out
    assert two.api.get(f"/v1/runs/{run.id}").json == as_json.json


def test_a_failed_run_shows_its_traceback(two: Command) -> None:
    """In the log too: that is what one looks for there."""
    error = {"type": "KeyError", "message": "'x'", "traceback": TRACEBACK}
    run = stored(two, 1, outcome=Outcome.RAISED, error=error, output=None)
    findings = [
        {"line": 1, "column": 2, "code": "c", "message": "no", "hint": "", "severity": "error"}
    ]
    refusal = {"type": "Refused", "message": "line 1: no", "traceback": "", "findings": findings}
    stored(two, 2, outcome=Outcome.REFUSED, error=refusal, output=None)

    shown, logged = two("runs", "show", run.id), two("functions", "logs", "vip")

    assert '\nerror\n  Traceback (most recent call last):\n    File "function.py"' in shown.out
    assert '    Traceback (most recent call last):\n      File "function.py"' in logged.out
    assert "    line 1, column 2: c: no\n    Refused: line 1: no\n" in logged.out


def test_logs_go_across_functions_when_none_is_named(two: Command) -> None:
    """And then each line says whose it is."""
    stored(two, 1)
    stored(two, 2, function="crm", outcome=Outcome.RAISED, version=2, http_calls=(CALL,))

    everything = two("functions", "logs")
    one = two("functions", "logs", "vip")
    failed = two("functions", "logs", "--outcome", "failed", "--version", "2", "--json")
    none = two("functions", "logs", "--since", "5m")

    heads = [line for line in everything.out.splitlines() if not line.startswith(" ")]
    assert ["crm", "vip"] == [line.split()[2] for line in heads]
    assert "    POST crm.example.com/orders -> 201 in 12.5 ms" in everything.out
    assert "1" == one.out.split()[2]
    assert ["evt_2"] == [run["event_id"] for run in failed.json["data"]]
    assert "(no runs)\n" == none.out


def test_logs_are_followed_until_somebody_ends_it(two: Command) -> None:
    """Each run once, and again when it has another attempt."""
    command = [sys.executable, "-m", "cli.main", "functions", "logs", "-f"]
    tail = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--since", "1h"],
        cwd=ROOT,
        env={**two.environment, "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tail.stdout is not None
    assert "watching" in (tail.stderr.readline() if tail.stderr else "")
    now = timestamp(datetime.now(UTC))  # what is older than some minutes is not watched
    first = stored(two, 1, outcome=Outcome.RAISED, created_at=now)
    before = tail.stdout.readline()
    second = replace(first, outcome=Outcome.RETURNED, attempt=2)
    two.api.cloud.runs.commit(second)
    after = tail.stdout.readline()
    tail.send_signal(signal.SIGINT)
    rest, _ = tail.communicate(timeout=30)

    assert first.id in before
    assert "raised" in before
    assert second.id in after
    assert "returned" in after
    assert (0, "") == (tail.returncode, rest)


def test_with_json_what_was_followed_is_one_document_at_the_end(two: Command) -> None:
    """Nothing else on standard output."""
    stored(two, 1)

    ran = two("functions", "logs", "--for-s", "0", "--since", "2026-11-20T13:04:00Z", "--json")

    assert ["evt_1"] == [run["event_id"] for run in ran.json["data"]]


def test_a_dry_run_shows_what_would_follow(two: Command, sandbox: ScriptedSandbox) -> None:
    """On an event from a file, on one that is kept, and on the newest of a topic."""
    sandbox.script = lambda event: {"output": event["event"]["id"], "effects": [EMIT]}
    file = two.write("order.json", json.dumps({"id": "evt_file", "topic": "metric.x"}))
    two.api.cloud.events.put([an_event(tenant=two.api.tenant, id="evt_kept", topic="metric.y")])
    dry = ("functions", "invoke", "vip", "--dry-run")

    shown = two(*dry, "--event", file)
    by_id = two(*dry, "--event-id", "evt_kept", "--allow-http", "--json")
    latest = two(*dry, "--latest", "metric.y", "--version", "1", "--json")

    assert 0 == shown.code, shown.err
    assert 'effects\n  emit metric.vip {"properties": {"n": 1}}\n' in shown.out
    assert '\noutput\n  "evt_file"\n' in shown.out
    assert ["evt_kept"] * 2 == [ran.json["output"] for ran in (by_id, latest)]
    assert ["off", "on", "off"] == [job["http"] for job in sandbox.jobs]
    assert [] == two.api.get("/v1/runs").json["data"]


@pytest.mark.usefixtures("sandbox")
def test_a_run_that_counts_is_waited_for_and_shown(two: Command) -> None:
    """Here a worker stores its record a moment after it was asked for."""
    tenant = two.api.tenant
    event = an_event(tenant=tenant, id="evt_1", topic="metric.y")
    two.api.cloud.events.put([event])
    worker = threading.Timer(1.0, lambda: stored(two, 1, memory_mb=1.5))
    worker.start()

    ran = two("functions", "invoke", "vip", "--event-id", "evt_1", "--json")

    worker.join()
    assert 0 == ran.code, ran.err
    assert ("evt_1", 1.5) == (ran.json["event_id"], ran.json["memory_mb"])
    assert "waiting for attempt 1 on event evt_1" in ran.err


@pytest.mark.usefixtures("sandbox")
def test_a_record_that_does_not_come_is_not_waited_for_for_ever(two: Command) -> None:
    """The run is asked for all the same, and the error says where it will be."""
    run = stored(two, 1)
    two.api.cloud.events.put([an_event(tenant=two.api.tenant, id="evt_1")])
    invoke = ("functions", "invoke", "vip", "--event-id", "evt_1", "--json")

    again = two(*invoke, "--wait-s", "0")
    forced = two(*invoke, "--force", "--wait-s", "0.3")

    assert (1, "run_succeeded") == (again.code, again.json["error"]["code"])
    assert (1, "run_not_recorded") == (forced.code, forced.json["error"]["code"])
    assert (run.id, 2) == (forced.json["error"]["run_id"], forced.json["error"]["attempt"])
    assert f"penstock runs show {run.id}" in forced.err


def test_exactly_one_event_has_to_be_named(penstock: Command) -> None:
    """Before anything is asked of the API."""
    file = penstock.write("order.json", '{"topic": "metric.x"}')
    for words in (
        (),
        ("--event", file, "--latest", "metric.x"),
        ("--event-id", "a", "--latest", "b"),
    ):
        ran = penstock("functions", "invoke", "vip", *words, "--json")
        assert (2, "usage") == (ran.code, ran.json["error"]["code"])


@pytest.mark.usefixtures("sandbox")
def test_what_the_api_refuses_is_said_with_its_code(two: Command) -> None:
    """A way out included."""
    store = two.api.application.functions.store
    enabled = store.get(two.api.tenant, "vip")
    store.replace(enabled, replace(enabled, enabled=False))
    file = two.write("order.json", '{"topic": "metric.x"}')

    disabled = two("functions", "invoke", "vip", "--event", file, "--json")
    unknown = two("functions", "invoke", "vip", "--latest", "metric.none", "--dry-run", "--json")

    assert "function_disabled" == disabled.json["error"]["code"]
    assert "event_not_found" == unknown.json["error"]["code"]
    assert [1, 1] == [disabled.code, unknown.code]


def test_what_other_people_write_commands_no_terminal(two: Command) -> None:
    """A terminal obeys it: it would show another text, or put one into the clipboard."""
    hostile = "\x1b]52;c;aGk=\x07 \x9b2J \x7f\r[2mA"
    logs = ({"level": "info", "message": f"seen {hostile}", "fields": {}},)
    error = {"type": "E", "message": hostile, "traceback": f"{TRACEBACK}\n{hostile}"}
    run = stored(two, 1, outcome=Outcome.RAISED, logs=logs, error=error)

    shown = [
        two("runs", "show", run.id),
        two("functions", "logs", "vip"),
        two("functions", "logs", "vip", "--for-s", "0", "--since", "2026-11-20T00:00:00Z"),
        two("runs", "show", run.id, "--json"),
        two("runs", "show", hostile),
    ]

    for ran in shown:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", ran.out + ran.err), ran
    assert all("\\x1b]52;c;aGk=\\x07" in ran.out for ran in shown[:3])
    assert 'File "function.py", line 2, in handler\n' in shown[0].out
    assert hostile == shown[3].json["error"]["message"]
