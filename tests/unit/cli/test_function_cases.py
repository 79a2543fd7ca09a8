"""`penstock functions case save`, and a push that asks for cases."""

import json
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.events.envelope import ProfileRef
from runtime.core.functions.run import Outcome, Run
from runtime.core.profiles import attributes, names
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.names import NameRules
from tests.builders import a_run, an_event
from tests.unit.cli.conftest import Command

GREET = """
def handler(event, profile, context):
    email = profile["email"]
    context.emit("metric.greeted", {"to": email})
    answer = context.http.post("https://crm.example.com/greet/" + profile["external_id"])
    return {"dear": event["properties"]["first_name"], "email": email, "crm": answer.status}
"""
TOML = '[functions.greet]\ntopics = ["metric.x"]\nhttp_hosts = ["crm.example.com"]\n'
ADA: dict[str, Any] = {"external_id": "c-1001", "email": "ada@lovelace.it"}
SAVE = ("functions", "case", "save", "greet")
CASE = '{"event": {"topic": "metric.x"}, "expect": {"output": %d}}'


def happened(penstock: Command, **changes: Any) -> Run:
    """A run of `greet` on the event `order/7`, with the event and the profile on record."""
    tenant, cloud = penstock.api.tenant, penstock.api.cloud
    event = an_event(
        id="order/7",
        tenant=tenant,
        topic="metric.x",
        profile=ProfileRef(**ADA),
        properties={"first_name": "Ada", "value": 620.5},
    )
    cloud.events.put([event])
    profile_id = profiles.id_of(event)
    assert profile_id is not None
    person = attributes.project(
        profiles.unknown(tenant, profile_id), event, names.of(event.profile, NameRules())
    )
    cloud.keep(profiles.stored(person))
    url = "https://crm.example.com/greet/c-1001"
    call = {"method": "POST", "host": "crm.example.com", "path": "/greet/c-1001", "status": 201}
    parts = {
        "output": {"dear": "Ada", "email": "ada@lovelace.it", "crm": 201},
        "effects": (
            {"op": "emit", "topic": "metric.greeted", "properties": {"to": "ada@lovelace.it"}},
            {"op": "http", "method": "POST", "url": url, "status": 201},
        ),
        "http_calls": ({**call, "error": None, "ms": 1.0},),
    }
    run = a_run(
        id=ids.run_id(tenant, "order/7", "greet"),
        tenant=tenant,
        function="greet",
        event_id="order/7",
        profile_id=profile_id,
        **(parts | changes),
    )
    cloud.runs.commit(run)
    return run


def a_function(penstock: Command) -> None:
    """`greet`, here and in the cloud."""
    penstock.write("greet.py", GREET)
    penstock.write("penstock.toml", TOML)
    assert 201 == penstock.api.post("/v1/functions", {"name": "greet"}).status


def test_a_run_becomes_a_case_that_passes_and_names_nobody(penstock: Command) -> None:
    """The whole way: from a record in the cloud to a green suite on the author's machine."""
    a_function(penstock)
    happened(penstock)

    saved = penstock(*SAVE, "--event", "order/7")
    ran = penstock("functions", "test", "greet.py", "--cases", "--engine", "restricted")

    assert 0 == saved.code, saved.err
    lines = saved.out.splitlines()
    assert "wrote cases/order-7.json" == lines[0]
    assert "  replaced event.profile.email: e-mail address, now person1@example.com" in lines
    assert "  fill in `json` of 1 recorded answers" == lines[-1]
    text = (penstock.folder / "cases" / "order-7.json").read_text("utf-8")
    for gone in ("lovelace", "c-1001", "Ada", penstock.api.tenant):
        assert gone not in text + saved.out
    assert (0, "ok    greet/order-7") == (ran.code, ran.out.splitlines()[0]), ran.out


def test_a_case_is_written_where_one_says_and_over_no_other(penstock: Command) -> None:
    """Somebody may have worked on the file."""
    a_function(penstock)
    happened(penstock)

    written = penstock(*SAVE, "--event", "order/7", "--out", "else/where.json", "--json")
    again = penstock(*SAVE, "--event", "order/7", "--out", "else/where.json", "--json")

    assert ("else/where.json", 1) == (written.json["written"], written.json["open_answers"])
    assert {"event", "profile", "http", "expect"} == set(
        json.loads((penstock.folder / "else" / "where.json").read_text("utf-8"))
    )
    assert (2, "file_exists") == (again.code, again.json["error"]["code"])


def test_what_cannot_become_a_case_is_said(penstock: Command) -> None:
    """An event that is gone, a run that never was, and one that did not run."""
    a_function(penstock)
    no_event = penstock(*SAVE, "--event", "evt_none", "--json")
    penstock.api.cloud.events.put([an_event(id="evt_1", tenant=penstock.api.tenant)])
    no_run = penstock(*SAVE, "--event", "evt_1", "--json")
    skipped = {"type": "FunctionDisabled", "message": "the function is disabled"}
    happened(penstock, outcome=Outcome.SKIPPED, error=skipped, output=None, effects=())
    not_run = penstock(*SAVE, "--event", "order/7", "--json")

    assert [(1, "event_not_found"), (1, "run_not_found"), (1, "run_skipped")] == [
        (ran.code, ran.json["error"]["code"]) for ran in (no_event, no_run, not_run)
    ]
    assert "the function is disabled" in not_run.err


@pytest.mark.parametrize(
    ("output", "code"), [(1, 0), (2, 1), (None, 2)], ids=["passes", "fails", "none"]
)
def test_a_push_that_requires_cases_pushes_only_what_passes(
    penstock: Command, output: int | None, code: int
) -> None:
    """A team can let its build insist on it; without a case there is nothing to trust."""
    penstock.write("f.py", "def handler(event):\n    return 1\n")
    penstock.write("penstock.toml", '[functions.f]\ntopics = ["metric.x"]\n')
    if output is not None:
        penstock.write("cases/one.json", CASE % output)

    pushed = penstock("functions", "push", "f.py", "--require-cases", "--json")

    exists = penstock("functions", "show", "f", "--json").code == 0
    assert (code, code == 0) == (pushed.code, exists)
    error = {} if code == 0 else pushed.json["error"]
    assert {0: None, 1: "cases_failed", 2: "no_cases"}[code] == error.get("code")
    assert ["f/one"] == error.get("cases", ["f/one"])
    assert (code == 1) is ("FAIL  f/one" in pushed.err)
