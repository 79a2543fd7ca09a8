"""`penstock functions test` of a folder: the saved cases of its functions, run as a suite."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.unit.cli.conftest import Command, Ran

TEST = ("functions", "test")
ENGINE = ("--engine", "restricted")
URL = "https://crm.example.com/orders"
VIP = f"""
def handler(event, profile, context):
    spent = event["properties"]["spent"]
    context.log("seen", spent=spent)
    context.profile.set(spent=spent)
    if spent > 500:
        context.emit("metric.became_vip", {{"spent": spent}})
        token = "Bearer {{{{secret:CRM_TOKEN}}}}"
        answer = context.http.post({URL!r}, json={{}}, headers={{"Authorization": token}})
        return {{"spent": spent, "crm": answer.status}}
    return {{"spent": spent}}
"""
TOML = """
[functions.vip]
topics = ["metric.placed_order"]
filter = { properties = { test = [{ exists = false }] } }
http_hosts = ["crm.example.com"]
secrets = ["CRM_TOKEN"]
"""


def a_case(spent: Any, **more: Any) -> str:
    """A case of `vip`."""
    event = {
        "topic": "metric.placed_order",
        "profile": {"external_id": "c-1"},
        "properties": {"spent": spent},
    }
    return json.dumps({"event": event, **more})


def passing(spent: int = 3) -> str:
    """A case that passes."""
    return a_case(spent, expect={"output": {"spent": spent}})


def failing() -> str:
    """A case that fails."""
    return a_case(3, expect={"output": {"spent": 4}})


def project(penstock: Command, **cases: str) -> None:
    """The function `vip` with these cases."""
    penstock.write("shop/vip.py", VIP)
    penstock.write("shop/penstock.toml", TOML)
    for name, text in cases.items():
        penstock.write(f"shop/cases/{name.replace('_', '-')}.json", text)


def only(ran: Ran) -> dict[str, Any]:
    """The one case of a document."""
    [each] = ran.json["cases"]
    found: dict[str, Any] = each
    return found


def test_each_case_has_a_line_and_the_suite_a_summary_and_an_exit_code(penstock: Command) -> None:
    """Who runs it wants to see at a glance what is wrong, and a build wants a number."""
    project(penstock, small_order=passing(), wrong_sum=failing())

    ran = penstock(*TEST, "shop", *ENGINE)
    one = penstock(*TEST, "shop", *ENGINE, "--filter", "vip/small")

    lines = ran.out.splitlines()
    assert (1, "ok    vip/small-order", "FAIL  vip/wrong-sum") == (ran.code, lines[0], lines[1])
    assert "2 cases of 1 function: 1 passed, 1 failed" == lines[-1]
    assert '    -    "spent": 4' in lines
    assert '    +    "spent": 3' in lines
    assert "\x1b" not in ran.out
    assert (0, "1 case of 1 function: 1 passed, 0 failed") == (one.code, one.out.splitlines()[-1])


def test_the_suite_is_one_json_document(penstock: Command) -> None:
    """With the whole result of each run, for other tools."""
    project(penstock, small_order=passing(), wrong_sum=failing())
    penstock.write("shop/more/function.py", "def handler(event):\n    return {}\n")

    ran = penstock(*TEST, "shop", *ENGINE, "--json")

    found = ran.json
    assert (1, 1, 1, ["more"]) == (
        ran.code, found["passed"], found["failed"], found["without_cases"]
    )  # fmt: skip
    good, bad = found["cases"]
    assert ("vip", "small-order", True, [], []) == (
        good["function"], good["case"], good["passed"], good["problems"], good["diff"],
    )  # fmt: skip
    assert "returned" == good["result"]["outcome"]
    assert (False, ["the run is not as expected"]) == (bad["passed"], bad["problems"])


def test_recorded_answers_stand_for_the_network_and_fakes_for_the_secrets(
    penstock: Command,
) -> None:
    """No case touches the network, and no case needs a real secret."""
    entry = {"method": "POST", "url": f"{URL}*", "status": 201}
    expect = {
        "output": {"crm": 201},
        "effects": {"contains": [{"op": "emit"}, {"op": "http", "status": 201}]},
        "logs": [{"message": "seen"}],
    }
    secrets = {"CRM_TOKEN": "fake-token"}
    project(penstock, vip=a_case(600, http=[entry], expect=expect, secrets=secrets))

    ran = penstock(*TEST, "shop", *ENGINE)

    assert 0 == ran.code, ran.out


def test_a_call_without_a_recorded_answer_fails_the_case_and_says_what_to_add(
    penstock: Command,
) -> None:
    """Even where the function catches the failure: a case that passes must not depend on luck."""
    project(penstock, vip=a_case(600, expect={"outcome": "returned"}))
    quiet = VIP.replace("answer = ", "answer = None\n        try: answer = ").replace(
        "        return {", "        except Exception: return 1\n        return {"
    )
    penstock.write("shop/vip.py", quiet)

    ran = penstock(*TEST, "shop", *ENGINE)

    assert 1 == ran.code
    assert f"the function calls POST {URL}, and the case records no answer" in ran.out
    [line] = [line for line in ran.out.splitlines() if '"method"' in line]
    entry = json.loads(line)
    penstock.write("shop/cases/vip.json", a_case(600, http=[entry]))
    assert 0 == penstock(*TEST, "shop", *ENGINE).code


def test_an_entry_answers_as_often_as_it_says_and_then_the_next_one_does(
    penstock: Command,
) -> None:
    """So a function that tries again can be tested."""
    call = f"context.http.get({URL!r})"
    tries = f"[{call}.status, {call}.status, {call}.status]"
    penstock.write("f/function.py", f"def handler(event, profile, context):\n    return {tries}\n")
    penstock.write("f/penstock.toml", '[function]\nhttp_hosts = ["*"]\ntopics = ["metric.x"]\n')
    entries = [
        {"method": "GET", "url": URL, "status": 503, "times": 2},
        {"method": "GET", "url": "https://crm.example.com/*", "status": 200},
    ]
    case = {"event": {"topic": "metric.x"}, "http": entries, "expect": {"output": [503, 503, 200]}}
    penstock.write("f/cases/again.json", json.dumps(case))

    ran = penstock(*TEST, "f", *ENGINE)

    assert 0 == ran.code, ran.out


def test_a_secret_in_a_url_is_shown_by_no_message(penstock: Command) -> None:
    """Secrets of penstock.toml may be real ones of a test account."""
    source = VIP.replace(f"{URL!r}", "'https://crm.example.com/{{secret:CRM_TOKEN}}/orders'")
    project(penstock, vip=a_case(600))
    penstock.write("shop/vip.py", source)
    penstock.write("shop/penstock.toml", TOML + '\n[secrets]\nCRM_TOKEN = "hunter2-hunter2"\n')

    for ran in (penstock(*TEST, "shop", *ENGINE), penstock(*TEST, "shop", *ENGINE, "--json")):
        assert "hunter2" not in ran.out + ran.err
        assert "https://crm.example.com/*" in ran.out


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"topic": "metric.viewed"}, "no trigger takes metric.viewed; they take metric.placed"),
        ({"properties": {"test": 1, "spent": 1}}, "no filter of the triggers that take metric.pla"),
    ],
)
def test_an_event_that_starts_no_run_in_the_cloud_fails_its_case(
    penstock: Command, event: dict[str, Any], words: str
) -> None:
    """A function that is never started there needs no expectation here."""
    document = json.loads(passing())
    project(penstock, lost=json.dumps({"event": document["event"] | event}))

    ran = penstock(*TEST, "shop", *ENGINE, "--json")

    assert 1 == ran.code
    each = only(ran)
    assert None is each["result"]
    [problem] = each["problems"]
    assert problem.startswith(f"the cloud would not run this: {words}")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("context.emit('vip', {})", "bad_topic"),
        ("context.emit('metric.x', {'x': 'x' * 262000})", "too_large"),
        ("context.profile.set(x='x' * 100_000)", "profile_too_large"),
    ],
)
def test_an_effect_that_the_cloud_refuses_fails_its_case_with_the_code(
    penstock: Command, body: str, code: str
) -> None:
    """Found on the author's machine it costs a minute."""
    project(penstock, small=a_case(1, profile={"properties": {"long": "x" * 200_000}}))
    penstock.write("shop/vip.py", f"def handler(event, profile, context):\n    {body}\n")

    ran = penstock(*TEST, "shop", *ENGINE)

    assert 1 == ran.code
    assert f"the cloud would refuse this effect ({code}): " in ran.out


def test_a_transform_has_to_return_a_payload_and_takes_every_event(penstock: Command) -> None:
    """A function without a trigger is a transform there, so it is one here."""
    penstock.write("t/function.py", "def handler(event):\n    return event['properties']['n']\n")
    penstock.write("t/penstock.toml", "[function]\nlimits = { wall_s = 5 }\n")
    for number, n in enumerate(["{}", "[{}]", "null", "3"]):
        text = f'{{"event": {{"topic": "metric.x", "properties": {{"n": {n}}}}}}}'
        penstock.write(f"t/cases/{number}.json", text)

    ran = penstock(*TEST, "t", *ENGINE, "--json")

    assert [True, True, True, False] == [each["passed"] for each in ran.json["cases"]]
    assert "(bad_payload)" in ran.json["cases"][3]["problems"][0]


def test_the_limits_and_the_hosts_of_the_settings_hold(penstock: Command) -> None:
    """What is over a limit there is over it here, although the answer is recorded."""
    entry = {"method": "POST", "url": URL, "status": 201}
    project(penstock, vip=a_case(600, http=[entry]))
    penstock.write("shop/penstock.toml", TOML.replace("crm.example.com", "other.example.com"))
    unlisted = penstock(*TEST, "shop", *ENGINE)
    penstock.write("shop/penstock.toml", TOML + "limits = { emits = 0 }\n")
    limited = penstock(*TEST, "shop", *ENGINE)

    assert (1, 1) == (unlisted.code, limited.code)
    assert "crm.example.com is not among the allowed hosts" in unlisted.out
    assert "the case records no answer" not in unlisted.out
    assert "line 7, in handler" in limited.out  # the call of emit


def test_a_failure_says_whether_the_cloud_would_try_again(penstock: Command) -> None:
    """By the retry policy of the settings."""
    project(penstock, text=a_case("x", expect={"outcome": "raised"}))
    never = only(penstock(*TEST, "shop", *ENGINE, "--json"))
    retry = 'retry = { on = "on_error", attempts = 3, delays_s = [7] }\n'
    penstock.write("shop/penstock.toml", TOML + retry)
    again = only(penstock(*TEST, "shop", *ENGINE, "--json"))

    assert (True, ["the cloud would not run this again by itself"]) == (
        never["passed"], never["notes"]
    )  # fmt: skip
    assert ["the cloud would run this again after 7 s, 3 times in all"] == again["notes"]


def test_junit_xml_has_a_test_case_for_each_case(penstock: Command) -> None:
    """Build servers count `testcase` and read `failure`; a control character breaks none."""
    project(penstock, good=passing(), bad=a_case("\x00\x1b<&", expect={"outcome": "returned"}))

    ran = penstock(*TEST, "shop", *ENGINE, "--junit", "out/junit.xml")

    assert 1 == ran.code
    root = ET.fromstring((penstock.folder / "out" / "junit.xml").read_bytes())  # noqa: S314 - ours
    assert ("testsuites", "2", "1") == (root.tag, root.get("tests"), root.get("failures"))
    [suite] = root
    assert ("testsuite", "vip", "2", "1", "0") == (
        suite.tag, suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")
    )  # fmt: skip
    bad, good = suite
    assert ("vip", "bad", "shop/cases/bad.json") == (
        bad.get("classname"), bad.get("name"), bad.get("file")
    )  # fmt: skip
    failure = bad.find("failure")
    assert failure is not None
    assert "TypeError" in str(failure.text)
    assert (None, "seen") == (good.find("failure"), good.findtext("system-out"))
    assert all(float(str(each.get("time"))) >= 0 for each in (root, suite, bad, good))


def test_junit_xml_can_be_read_whatever_a_file_is_called(penstock: Command) -> None:
    """A function without settings is called after its file."""
    penstock.write("shop/v\x1bip.py", VIP)
    penstock.write("shop/cases/good.json", passing())

    ran = penstock(*TEST, "shop", *ENGINE, "--junit", "junit.xml")

    assert 0 == ran.code
    [suite] = ET.fromstring((penstock.folder / "junit.xml").read_bytes())  # noqa: S314 - ours
    assert ["v\ufffdip"] * 2 == [suite.get("name"), suite[0].get("classname")]


def test_a_file_with_cases_runs_its_own_and_without_the_option_none(penstock: Command) -> None:
    """`functions test FILE` stays what it was."""
    project(penstock, small=passing())

    with_cases = penstock(*TEST, "shop/vip.py", *ENGINE, "--cases", "--json")
    without = penstock(*TEST, "shop/vip.py", *ENGINE, "--json")

    assert (0, 1) == (with_cases.code, with_cases.json["passed"])
    assert (0, "raised") == (without.code, without.json["outcome"])


def test_several_functions_in_a_folder_have_a_folder_of_cases_each(penstock: Command) -> None:
    """And one folder for all of them is refused: nobody would know whose case it is."""
    project(penstock)
    penstock.write("shop/other.py", "def handler(event):\n    return 1\n")
    penstock.write("shop/helpers.py", "SPENT = 500\n")
    penstock.write("shop/cases/vip/small.json", passing())
    penstock.write("shop/cases/other/any.json", '{"event": {"topic": "metric.x"}}')

    apart = penstock(*TEST, "shop", *ENGINE, "--json")
    penstock.write("shop/cases/whose.json", passing())
    mixed = penstock(*TEST, "shop", *ENGINE, "--json")

    assert ["other/any", "vip/small"] == [
        f"{each['function']}/{each['case']}" for each in apart.json["cases"]
    ]
    assert (2, "bad_case") == (mixed.code, mixed.json["error"]["code"])
    assert "several functions (other, vip)" in mixed.json["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("shop", "--event", "e.json"), "--event"),
        (("shop", "--profile", "e.json"), "--profile"),
        (("shop", "--batch", "e.jsonl"), "--batch"),
        (("shop", "--watch"), "--watch"),
        (("shop/vip.py", "--filter", "x"), "--filter"),
        (("shop/vip.py", "--junit", "x"), "--junit"),
        (("shop/vip.py", "--watch"), "--watch"),
        (("--cases",), "give a FILE"),
        (("-", "--cases"), "standard input has no folder"),
        (("shop", "--filter", "nothing-like-it"), "'nothing-like-it'"),
        (("empty",), "no function in empty"),
        (("bare",), "no function of bare has a case"),
        (("stray",), "did you mean vip?"),
        (("shop/none.py", "--cases"), "cannot read shop/none.py"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    penstock: Command, arguments: tuple[str, ...], words: str
) -> None:
    """A suite that finds nothing to run has not passed."""
    project(penstock, small=passing())
    penstock.write("empty/readme.md", "")
    penstock.write("bare/vip.py", VIP)
    penstock.write("stray/vip.py", VIP)
    penstock.write("stray/cases/vpi/small.json", passing())

    ran = penstock(*TEST, *arguments, *ENGINE, "--json")

    assert (2, "") == (ran.code, "" if words in ran.json["error"]["message"] else ran.out)


def test_the_test_of_a_file_warns_of_an_event_that_no_trigger_takes(penstock: Command) -> None:
    """On standard error, so the document stays what it was."""
    project(penstock)
    other = penstock.write("event.json", '{"topic": "metric.viewed", "properties": {"spent": 1}}')
    no_event = penstock.write("other.json", '{"spent": 1}')

    warned = penstock(*TEST, "shop/vip.py", "--event", other, *ENGINE, "--json")
    silent = penstock(*TEST, "shop/vip.py", "--event", no_event, *ENGINE, "--json")

    assert "the cloud would not run this: no trigger takes metric.viewed" in warned.err
    assert ("refused", "") == (warned.json["outcome"], silent.err)
    assert warned.json["error"]["refusal"].startswith("the cloud would refuse this effect (no_prof")
