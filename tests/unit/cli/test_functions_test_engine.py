"""`penstock functions test` and its engines: which one is asked for, and what is said of it."""

import json
import shutil
from typing import Any

import pytest

from cli.functions_test import for_people
from tests.unit.cli.conftest import ROOT, Command, Ran

ECHO = "def handler(event):\n    return event['x']\n"
TEST = ("functions", "test")
SHIPPED = ("cli", "infra", "penstock", "runtime", "sandbox")


@pytest.fixture(scope="module")
def without_wasm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where an installation lies from which the engine `wasm` was left out."""
    place = tmp_path_factory.mktemp("installation")
    for name in SHIPPED:
        left_out = shutil.ignore_patterns("__pycache__", "wasm")
        shutil.copytree(ROOT / name, place / name, ignore=left_out)
    return str(place)


def results(ran: Ran) -> list[dict[str, Any]]:
    """The objects of a batch."""
    assert 0 == ran.code, ran.err
    return [json.loads(line) for line in ran.out.split("\n") if line]


def test_a_result_names_its_engine_beside_its_isolation(penstock: Command) -> None:
    """In both forms: who compares two engines has two results to tell apart."""
    file = penstock.write("echo.py", ECHO)
    event = penstock.write("event.json", '{"x": 1}')

    as_json = penstock(*TEST, file, "--event", event, "--engine", "restricted", "--json")
    shown = penstock(*TEST, file, "--event", event, "--engine", "restricted")

    assert ["isolation", "engine"] == list(as_json.json)[-2:]
    assert "restricted" == as_json.json["engine"]
    assert f"(restricted, {as_json.json['isolation']})" in shown.out


def test_an_engine_that_does_not_exist_is_wrong_usage(penstock: Command) -> None:
    """Of the call, of a line, and of the environment: each says which there are."""
    file = penstock.write("echo.py", ECHO)
    cases = penstock.write("cases.jsonl", json.dumps({"id": 1, "code": ECHO, "engine": "v8"}))

    option = penstock(*TEST, file, "--engine", "v8", "--json")
    line = penstock(*TEST, "--batch", cases, "--json")
    variable = penstock(*TEST, file, "--json", PENSTOCK_SANDBOX_ENGINE="v8")

    for ran in (option, line, variable):
        assert (2, "usage") == (ran.code, ran.json["error"]["code"])
        assert "restricted" in ran.json["error"]["message"]
    assert "line 1" in line.json["error"]["message"]


def test_an_engine_that_cannot_be_used_is_said_and_no_other_is_taken(
    penstock: Command, without_wasm: str
) -> None:
    """A test that quietly ran on another engine has tested nothing."""
    file = penstock.write("echo.py", ECHO)
    lines = [{"id": 1, "code": ECHO, "event": {"x": 1}}, {"id": 2, "code": ECHO, "engine": "wasm"}]
    cases = penstock.write("cases.jsonl", "\n".join(map(json.dumps, lines)))

    one = penstock(*TEST, file, "--engine", "wasm", "--json", PYTHONPATH=without_wasm)
    batch = penstock(*TEST, "--batch", cases, "--json", PYTHONPATH=without_wasm)

    for ran in (one, batch):
        assert (1, "engine_unavailable") == (ran.code, ran.json["error"]["code"])
        assert "this bundle has no engine wasm" in ran.json["error"]["message"]


def test_a_line_goes_before_the_option_and_that_before_the_settings(
    penstock: Command, without_wasm: str
) -> None:
    """The nearer to the case, the stronger."""
    penstock.write("penstock.toml", '[function]\nengine = "wasm"\n')
    line = {"id": 1, "code": ECHO, "event": {"x": 1}}
    plain = penstock.write("plain.jsonl", json.dumps(line))
    named = penstock.write("named.jsonl", json.dumps({**line, "engine": "restricted"}))
    batch = (*TEST, "--batch")

    by_settings = penstock(*batch, plain, "--json", PYTHONPATH=without_wasm)
    by_option = penstock(*batch, plain, "--engine", "restricted", PYTHONPATH=without_wasm)
    by_line = penstock(*batch, named, "--engine", "wasm", PYTHONPATH=without_wasm)

    assert "engine_unavailable" == by_settings.json["error"]["code"]
    assert ["restricted"] == [each["engine"] for each in results(by_option)]
    assert ["restricted"] == [each["engine"] for each in results(by_line)]


def test_another_engine_is_taken_only_where_nobody_chose(
    penstock: Command, without_wasm: str
) -> None:
    """`auto` takes what can be used, and the result says what that was."""
    file = penstock.write("echo.py", ECHO)
    command = (*TEST, file, "--json")

    chosen = penstock(*command, PYTHONPATH=without_wasm, PENSTOCK_SANDBOX_ENGINE="wasm")
    unchosen = penstock(*command, PYTHONPATH=without_wasm, PENSTOCK_SANDBOX_ENGINE="auto")

    assert "engine_unavailable" == chosen.json["error"]["code"]
    assert "restricted" == unchosen.json["engine"]


def test_the_doctor_names_what_is_in_use_and_why_the_other_is_not(
    penstock: Command, without_wasm: str
) -> None:
    """Before the first function, and without a search in the logs."""
    place = {"PYTHONPATH": without_wasm}
    ran = penstock("doctor", "--json", **place)
    demanded = penstock("doctor", "--json", **place, PENSTOCK_SANDBOX_ENGINE="wasm")

    found = {check["name"]: check for check in ran.json["checks"]}
    wasm, restricted = found["engine wasm"], found["engine restricted"]
    assert ("warning", "cannot be used") == (wasm["verdict"], wasm["found"])
    assert "this bundle has no engine wasm" in wasm["advice"]
    assert ("ok", "in use") == (restricted["verdict"], restricted["found"])
    [sandbox] = [check for check in demanded.json["checks"] if check["name"] == "sandbox"]
    assert (1, "failed") == (demanded.code, sandbox["verdict"])
    assert "this bundle has no engine wasm" in sandbox["advice"]


def test_every_result_of_a_batch_has_the_same_form(penstock: Command) -> None:
    """Refused by the check, not runnable, or run: other tools read them all alike."""
    lines = [
        {"id": 1, "code": ECHO, "event": {"x": 1}, "engine": "restricted"},
        {"id": 2, "code": "import os\n" + ECHO, "event": {"x": 1}},
        {"id": 3, "code": ECHO, "event": {"x": "HUGE"}},
    ]
    text = "\n".join(map(json.dumps, lines)).replace('"HUGE"', "1e999")
    cases = penstock.write("cases.jsonl", text)

    found = results(penstock(*TEST, "--batch", cases, PENSTOCK_SANDBOX_ENGINE="restricted"))

    assert ["returned", "refused", "refused"] == [each["outcome"] for each in found]
    assert {"restricted"} == {each["engine"] for each in found}
    assert list(found[0]) == list(found[1]) == list(found[2])
    assert ["error"] == [finding["severity"] for finding in found[1]["findings"]]


def test_a_hint_is_shown_and_hides_no_error() -> None:
    """A function that raises says so, whatever else is to be said of its source."""
    result = {
        "outcome": "raised",
        "output": None,
        "error": {"type": "KeyError", "message": "'x'", "traceback": "KeyError: 'x'"},
        "findings": [
            {
                "line": 1,
                "column": 2,
                "code": "unused",
                "message": "no",
                "hint": "drop it",
                "severity": "hint",
            }
        ],
        "logs": [],
        "effects": [],
        "duration_ms": 1.0,
        "isolation": "rlimit",
        "engine": "wasm",
    }

    assert [
        "raised in 1.0 ms (wasm, rlimit)",
        "  hint, line 1, column 2: unused: no (drop it)",
        "KeyError: 'x'",
    ] == for_people(result)
