"""`context`, as user code meets it in each engine: what is too much is cut, or an exception of its own."""
# ruff: noqa: E501 - programs are clearest on a line each

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import limits
from sandbox.engines import EngineName
from sandbox.host import Sandbox
from tests.sandbox.harness import CANARY, a_job, engine_box


@pytest.fixture(scope="module", params=list(EngineName))
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox for each engine."""
    with engine_box(request.param) as made:
        yield made


def _run(box: Sandbox, body: str, **changes: Any) -> dict[str, Any]:
    lines = "".join(f"    {line}\n" for line in body.strip().split("\n"))
    source = "def handler(event, profile, context):\n" + lines
    result: dict[str, Any] = box.run(a_job(source, **changes))["results"][0]
    return result


# Log


def test_a_log_entry_of_a_megabyte_of_fields_is_cut(box: Sandbox) -> None:
    """To look at much at once is no attack, and ended the run."""
    body = 'context.log("big", **{f"f{n}": "x" * 5000 for n in range(300)})\ncontext.log("on")\nreturn 1'
    result = _run(box, body)
    assert result["outcome"] == "returned", result["error"]
    first = result["logs"][0]
    assert (first["message"], first["fields"]["f0"]) == ("big", "x" * 5000)
    assert "more, cut" in first["fields"]["..."]
    assert len(json.dumps(result["logs"])) < limits.Limits().log_bytes + 1000


@pytest.mark.parametrize("text", ["x", "\\xe9", "\\U0001f600", "\\x00", '\\"'])
def test_a_field_of_a_megabyte_is_cut(box: Sandbox, text: str) -> None:
    """Whatever its letters take on the wire."""
    body = f'context.log("big", a="{text}" * 1_000_000, b={{"c": "{text}" * 1_000_000}})\nreturn 1'
    result = _run(box, body)
    assert result["outcome"] == "returned", result["error"]
    assert result["logs"][0]["message"] == "big"
    assert len(json.dumps(result["logs"])) < 2 * limits.Limits().log_bytes


def test_a_text_that_is_wide_at_its_end_is_logged_as_well(box: Sandbox) -> None:
    """What is kept is short, what is sent for the masking is not."""
    body = 'context.log("m", **{f"f{n}": "x" * 8000 + "\\U0001f600" * 8000 for n in range(8)})\nreturn 1'
    assert _run(box, body)["outcome"] == "returned"


def test_a_field_may_have_any_name(box: Sandbox) -> None:
    """`message` is what many an error's text is called."""
    body = 'context.log("x", message="y", self=1, op="o", seq=2, fields=[3])\ncontext.log(message="z", a=1)'
    logs = _run(box, body)["logs"]
    assert [(entry["message"], entry["fields"]) for entry in logs] == [
        ("x", {"message": "y", "self": 1, "op": "o", "seq": 2, "fields": [3]}),
        ("z", {"a": 1}),
    ]


@pytest.mark.parametrize("call", ["context.log()", 'context.log("a", "b")', "context.log(a=1)"])
def test_an_entry_has_one_message(box: Sandbox, call: str) -> None:
    """Two of them would be a mistake for the logging module's arguments."""
    error = _run(box, call)["error"]
    assert (error["type"], "one message" in error["message"]) == ("TypeError", True)


def test_lone_surrogates_are_replaced_wherever_they_stand(box: Sandbox) -> None:
    """Data from elsewhere holds them."""
    body = 'context.log("a\\ud800", **{"k\\udfff": "v\\ud800", "l": ["w\\ud800"], "m": {"\\ud800": 1}})\nreturn 1'
    result = _run(box, body)
    assert result["outcome"] == "returned", result["error"]
    (entry,) = result["logs"]
    assert (entry["message"], entry["fields"]["k?"]) == ("a?", "v?")
    assert [text.encode("utf-8") for text in (entry["fields"]["l"], entry["fields"]["m"])]


def test_what_is_no_json_is_logged_as_it_reads(box: Sandbox) -> None:
    """A log is for looking at things."""
    body = """
import decimal
class Own:
    def __str__(self):
        return "own"
context.log(Own(), a=decimal.Decimal("1.5"), b=Own(), c={1, }, d=None, e=True, f=1.5, g=10 ** 30)
"""
    (entry,) = _run(box, body)["logs"]
    assert entry["message"] == "own"
    assert entry["fields"] == {
        "a": "1.5", "b": "own", "c": "{1}", "d": None, "e": True, "f": 1.5, "g": "1" + "0" * 30,
    }  # fmt: skip


def test_a_list_in_itself_is_logged(box: Sandbox) -> None:
    """Nor may it take the run with it."""
    result = _run(box, 'a = []\na.append(a)\ncontext.log("a", a=a)\nreturn 1')
    assert result["outcome"] == "returned", result["error"]


def test_a_flood_of_entries_says_where_it_is_cut(box: Sandbox) -> None:
    """Silence would read as an end."""
    for body in (
        'for n in range(3000):\n    context.log("x" * 100, n=n)',
        'for n in range(3000):\n    context.log("x", n="y" * 100)',
        'for n in range(3000):\n    context.log("x", n="y" * 20_000)',
        'for n in range(3000):\n    print("x")',
    ):
        result = _run(box, body)
        assert result["outcome"] == "returned", result["error"]
        assert result["logs"][-1]["cut"], body


# What a run leaves behind

LEAVING = {
    "emit": 'context.emit("metric.x", {"a": v})',
    "deliver": 'context.deliver("wh_1", v)',
    "profile": 'context.profile.set({"a": v})',
    "profile by name": "context.profile.set(a=v)",
    "unset": "context.profile.unset(str(v))",
}


@pytest.mark.parametrize("call", LEAVING)
def test_what_is_too_large_is_a_value_error(box: Sandbox, call: str) -> None:
    """The function can do something about it; the platform cannot."""
    for size in (300_000, 2_000_000):
        body = f'v = "x" * {size}\ntry:\n    {LEAVING[call]}\nexcept ValueError as e:\n    return str(e)'
        result = _run(box, body)
        assert result["outcome"] == "returned", result["error"]
        assert "too large" in result["output"]
        assert result["effects"] == []


@pytest.mark.parametrize("call", ["emit", "deliver", "profile"])
def test_what_is_no_json_is_the_functions_error(box: Sandbox, call: str) -> None:
    """Where it stands, and as something that can be caught."""
    deep = "v = 1\nfor n in range(200):\n    v = [v]"
    for value in ("v = {1}", 'v = float("nan")', 'v = "\\ud800"', "v = 1 << 70", deep):
        caught = "except (ValueError, TypeError) as e:\n    return str(e)"
        body = f"{value}\ntry:\n    {LEAVING[call]}\n{caught}"
        result = _run(box, body)
        assert result["outcome"] == "returned", (value, result["error"])
        assert result["output"], value
        assert result["effects"] == []


def test_effects_hold_exactly_what_was_given(box: Sandbox) -> None:
    """A receiver must get what the function said."""
    body = """
context.emit("metric.x", {"a": [1, (2, 3)], "b": {"c": None}})
context.deliver("wh_1", "text")
context.profile.set({"p": 1.5}, q=True)
context.profile.unset("n", "m")
"""
    result = _run(box, body)
    assert [{k: v for k, v in e.items() if k != "op"} for e in result["effects"]] == [
        {"topic": "metric.x", "properties": {"a": [1, [2, 3]], "b": {"c": None}}},
        {"webhook": "wh_1", "payload": "text"},
        {"set": {"p": 1.5, "q": True}, "unset": []},
        {"set": {}, "unset": ["n", "m"]},
    ], result["error"]


def test_a_text_that_lies_about_itself_is_exact_or_refused(box: Sandbox) -> None:
    """What the parent is sent must be what was looked at."""
    body = """
class S(str):
    def __eq__(self, other):
        return True
    def __hash__(self):
        return 1
    def __str__(self):
        return "../lie"
out = []
for act in (lambda: context.emit(S("metric.x")), lambda: context.deliver(S("wh_1"), S("v")),
            lambda: context.profile.unset(S("n")), lambda: context.secret(S("api_key"))):
    try:
        act()
    except (ValueError, TypeError):
        out.append("refused")
return out
"""
    result = _run(box, body)
    assert result["outcome"] == "returned", result["error"]
    sent = [{"op": "emit", "topic": "metric.x", "properties": {}},
            {"op": "deliver", "webhook": "wh_1", "payload": "v"},
            {"op": "profile", "set": {}, "unset": ["n"]}]  # fmt: skip
    assert (result["output"], result["effects"]) in (([], sent), (["refused"] * 4, []))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ('context.emit("no topic", {})', "ValueError"),
        ("context.emit(5)", "ValueError"),
        ('context.emit("metric.x", [1])', "TypeError"),
        ('context.deliver("../x", 1)', "ValueError"),
        ("context.profile.set([1])", "TypeError"),
        ("context.profile.unset(1)", "TypeError"),
        ("context.secret(1)", "TypeError"),
        ('context.secret("no\\ud800")', "ValueError"),
        ('context.secret("no")', "Exception"),
        ("context.http.get(5)", "TypeError"),
        ('context.http.get("https://a.example", files={})', "TypeError"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_an_error_of_its_kind(box: Sandbox, call: str, error: str) -> None:
    """A call that means nothing must not reach the parent, which would have to kill."""
    result = _run(box, f"try:\n    {call}\nexcept {error} as e:\n    return 'caught'")
    assert (result["outcome"], result["output"]) == ("returned", "caught"), result["error"]


# Quotas, and whose context it is


def test_quotas_begin_anew_with_each_event(box: Sandbox) -> None:
    """One event's calls are not its neighbour's."""
    source = 'def handler(event, context):\n    for n in range(20):\n        context.secret("api_key")\n    context.log("x" * 40_000)\n    return context.run_id\n'
    results = box.run(a_job(source, events=3))["results"]
    assert [r["output"] for r in results] == ["run_0", "run_1", "run_2"], results
    assert all(not r["logs"][-1].get("cut") for r in results)


def test_an_earlier_events_context_is_stale_in_every_part(box: Sandbox) -> None:
    """What it would do would be recorded for another event."""
    source = """
KEPT = []
def handler(event, context):
    parts = [context.log, context.emit, context.deliver, context.secret, context.http.get,
             context.profile.set, context.profile.unset]
    KEPT.append((context, parts))
    if len(KEPT) == 1:
        return []
    out = []
    for part in KEPT[0][1] + [KEPT[0][0].http.post]:
        try:
            part("metric.x", a=1) if part is KEPT[0][1][0] else part("metric.x")
            out.append("ok")
        except Exception as e:
            out.append(type(e).__name__)
    return out
"""
    results = box.run(a_job(source, events=2))["results"]
    stale = set(results[1]["output"])
    assert stale <= {"StaleContext", "TypeError"}, results[1]
    assert results[1]["effects"] == []
    assert results[1]["logs"] == []


def test_the_context_says_what_is_running(box: Sandbox) -> None:
    """And nothing else hangs on it."""
    body = "c = context\nreturn [c.tenant, c.function, c.run_id, c.deadline_ms > 0, str(c), str(c.http), str(c.profile), c.profile.data, c.secret('api_key')]"
    result = _run(box, body)
    assert result["output"] == [
        "acme", "f", "run_0", True, "<context>", "<context.http>", "<context.profile>", {}, "[secret]",
    ], result["error"]  # fmt: skip
    assert CANARY not in json.dumps(result)
