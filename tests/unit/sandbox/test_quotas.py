"""What one run may leave behind, measured as it is kept."""

import ast
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from runtime.core.functions import function
from sandbox import limits
from sandbox.engine_host import Options
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox.harness import a_job

MAX_LAMBDA_ANSWER_BYTES = 6 * 1024 * 1024
TEXTS = {"newlines": "\\n", "wide": "\\U0001f600", "controls": "\\x00", "plain": "x"}


@pytest.fixture(scope="module", params=EngineName)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One sandbox an engine."""
    with Sandbox(Options(engine=request.param)) as made:
        yield made


def _run(box: Sandbox, body: str) -> dict[str, Any]:
    lines = "".join(f"    {line}\n" for line in body.strip().split("\n"))
    source = "def handler(event, profile, context):\n" + lines
    result: dict[str, Any] = box.run(a_job(source))["results"][0]
    return result


@pytest.mark.parametrize("kind", TEXTS)
def test_the_log_is_measured_as_it_is_kept(box: Sandbox, kind: str) -> None:
    """Escapes double a text, and a run that knows that must not get twice the log."""
    result = _run(box, f'for n in range(100):\n    context.log("{TEXTS[kind]}" * 3000, n=n)')
    assert result["outcome"] == "returned"
    kept = sum(len(entry["message"].encode()) for entry in result["logs"])
    assert kept < limits.Limits().log_bytes + 200
    assert result["logs"][-1]["cut"]


def test_controls_are_taken_out_of_what_is_inside_log_fields(box: Sandbox) -> None:
    """A terminal obeys an escape sequence wherever it stands."""
    result = _run(box, 'context.log("x", a=[{"\\x1b[2J": "\\x1b]0;x\\x07"}])')
    assert result["logs"][0]["fields"] == {"a": [{"\ufffd[2J": "\ufffd]0;x\ufffd"}]}


def test_lone_surrogates_in_a_log_are_replaced(box: Sandbox) -> None:
    """Data from elsewhere holds them, and printing it is no attack."""
    result = _run(box, 'print("a\\ud800")\ncontext.log("b", c="\\udfff")')
    assert result["outcome"] == "returned", result
    assert [entry["message"] for entry in result["logs"]] == ["a?", "b"]


@pytest.mark.parametrize(
    ("error", "outcome", "kind"),
    [
        ("RetryError", "retry", "RetryError"),
        ("DropEvent", "dropped", "DropEvent"),
        ("ValueError", "raised", "ValueError"),
        ("Own", "raised", "Own"),
    ],
)
def test_half_a_surrogate_pair_in_an_error_does_not_cost_the_error(
    box: Sandbox, error: str, outcome: str, kind: str
) -> None:
    """A frame cannot carry it; and a retry that gets lost is an event that gets lost."""
    source = f"""
from penstock import RetryError, DropEvent
class Own(Exception):
    pass
def handler(event, profile, context):
    raise {error}("cut \\ud83d here")
"""
    result = box.run(a_job(source))["results"][0]
    assert result["outcome"] == outcome
    assert result["error"]["type"] == kind
    assert result["error"]["message"] == "cut ? here"


@pytest.mark.parametrize(
    "call",
    ['context.emit("metric.x", v)', 'context.deliver("wh_1", v)', "context.profile.set(v)"],
)
def test_what_a_run_leaves_behind_is_limited_together(box: Sandbox, call: str) -> None:
    """An answer that is too large for its carrier would be a fault of the platform, for ever."""
    result = _run(box, f'v = {{"a": "x" * 30_000}}\nfor n in range(50):\n    {call}')
    assert result["error"]["type"] == "QuotaExceeded"
    assert 200_000 < len(json.dumps(result["effects"])) <= limits.MAX_EFFECTS_BYTES
    swallowed = f"""
v = {{"a": "x" * 30_000}}
for n in range(50):
    try:
        {call}
    except Exception:
        pass
return 1
"""
    assert _run(box, swallowed)["outcome"] == "returned"


LAST_ERROR = """
import zoneinfo
for n in range(200):
    try:
        {what}
    except Exception as e:
        last = type(e).__name__
return last
"""


def test_too_many_questions_are_an_exception_and_no_violation(box: Sandbox) -> None:
    """Only a worker that has broken the language is called a violation."""
    result = _run(box, LAST_ERROR.format(what='context.secret("api_key")'))
    assert result["output"] == "QuotaExceeded"


def test_too_many_zones_are_an_exception_where_they_are_asked_for(dialect: Sandbox) -> None:
    """The dialect's worker has no files; the engine wasm holds all zones itself."""
    result = _run(dialect, LAST_ERROR.format(what='zoneinfo.ZoneInfo(f"Europe/X{n}")'))
    assert result["output"] == "QuotaExceeded"


@pytest.mark.parametrize(
    "text",
    ["def f(x: ().__class__): pass", "def f() -> exec('1'): pass", "x: __import__('os') = 1"],
)
def test_annotations_are_checked_although_they_never_run(dialect: Sandbox, text: str) -> None:
    """What a reviewer reads must be the language, every line of it."""
    findings = dialect.check(f"{text}\ndef handler(event):\n    return 1\n")
    assert [finding.line for finding in findings] == [1]


def test_annotations_may_name_types_that_do_not_exist_here(box: Sandbox) -> None:
    """`bytearray` as a type is a promise to a type checker, not a use."""
    source = "def handler(event: dict[str, bytearray | None]) -> memoryview:\n    return 1\n"
    assert box.check(source) == ()


@pytest.mark.parametrize("name", ["annotations as x", "braces", "*", "barry_as_FLUFL"])
def test_only_harmless_futures_are_imported(dialect: Sandbox, name: str) -> None:
    """Python itself refuses or changes its grammar for the others."""
    source = f"from __future__ import {name}\ndef handler(event):\n    return 1\n"
    assert [finding.code for finding in dialect.check(source)] == ["module_not_available"]


def test_the_sandbox_and_the_platform_publish_the_same_limits() -> None:
    """Two numbers for one limit, and a function is refused what its page promises."""
    platform = asdict(function.Limits())
    platform.pop("concurrent_runs")  # of the function as a whole; no run knows of the others
    assert platform == asdict(limits.Limits())


@pytest.mark.parametrize(
    "text", ["x", "\\xe9", "\\u20ac", "\\U0001f600"], ids=["1 byte", "2", "3", "4"]
)
def test_a_result_is_measured_in_the_bytes_that_are_sent(box: Sandbox, text: str) -> None:
    """A text of 400 KB is one of 400 KB in any language."""
    most = limits.Limits().result_bytes
    size = len(ast.literal_eval(f'"{text}"').encode())
    fits = (most - 2) // size  # without the quotes
    fitting = _run(box, f'return "{text}" * {fits}')
    too_large = _run(box, f'return "{text}" * {fits + 1}')
    assert fitting["outcome"] == "returned", fitting["error"]
    assert too_large["error"]["type"] == "InvalidResult"
    assert f"the limit is {most}" in too_large["error"]["message"]


def test_a_lower_limit_is_measured_in_the_same_bytes(box: Sandbox) -> None:
    """Escapes would let a function's own limit refuse a third of what it allows."""
    for count, outcome in ((499, "returned"), (500, "raised")):
        source = f'def handler(event):\n    return "\\xe9" * {count}\n'
        result = box.run(a_job(source, limits={"result_bytes": 1000}))["results"][0]
        assert result["outcome"] == outcome, result["error"]


def test_results_that_fill_an_answer_leave_the_last_events_out(box: Sandbox) -> None:
    """Lambda cuts off an answer of more than 6 MB, and nobody would know what has been run."""
    most = limits.MAX_RESULT_BYTES - 2
    job = a_job(f"def handler(event):\n    return 'x' * {most}\n", events=10)

    answer = box.run(job)

    outcomes = [result["outcome"] for result in answer["results"]]
    assert ["returned"] * 4 == outcomes
    assert len(json.dumps(answer)) < MAX_LAMBDA_ANSWER_BYTES


def test_small_results_of_a_whole_batch_are_one_answer(box: Sandbox) -> None:
    """An invocation for each would cost ten times as much."""
    answer = box.run(a_job("def handler(event):\n    return 'x' * 250_000\n", events=10))

    assert ["returned"] * 10 == [result["outcome"] for result in answer["results"]]
