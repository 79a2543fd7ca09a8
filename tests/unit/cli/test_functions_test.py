"""`penstock functions test`: what it does with cases, files and settings that are wrong."""

import json

import pytest

from tests.unit.cli.conftest import Command

ECHO = "def handler(event):\n    return event['x']\n"
TEST = ("functions", "test")


def _cases(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _case(number: int, event: str) -> str:
    return f'{{"id": {number}, "code": {json.dumps(ECHO)}, "event": {{"x": {event}}}}}'


def test_a_line_that_is_not_json_is_told_before_any_case_is_run(penstock: Command) -> None:
    """Half a batch and a traceback tell nobody which line to mend."""
    cases = penstock.write("cases.jsonl", _cases(_case(1, "1"), _case(2, "NaN"), _case(3, "3")))

    ran = penstock(*TEST, "--batch", cases, "--json")

    assert (2, "not_json") == (ran.code, ran.json["error"]["code"])
    assert "line 2 is not JSON: NaN" in ran.json["error"]["message"]
    assert "Traceback" not in ran.err


def test_a_case_that_cannot_be_run_has_a_result_of_its_own(penstock: Command) -> None:
    """One case that the sandbox cannot be given must not lose the others."""
    cases = penstock.write("cases.jsonl", _cases(_case(1, "1"), _case(2, "1e999"), _case(3, "3")))

    ran = penstock(*TEST, "--batch", cases)

    found = [json.loads(line) for line in ran.out.split("\n") if line]
    assert (0, [1, 2, 3]) == (ran.code, [each["id"] for each in found])
    assert ["returned", "refused", "returned"] == [each["outcome"] for each in found]
    assert [1, None, 3] == [each["output"] for each in found]
    assert "CannotRun" == found[1]["error"]["type"]
    assert list(found[0]) == list(found[1])


@pytest.mark.parametrize("text", ["NaN", '{"x": 1e999}', "{", '"\\ud800"', "[" * 9000])
def test_an_event_file_that_is_not_json_is_wrong_usage(penstock: Command, text: str) -> None:
    """2 says: look at the call; and whoever reads the output finds one document there."""
    file = penstock.write("echo.py", ECHO)
    given = penstock.write("event.json", text)

    for option in ("--event", "--profile"):
        ran = penstock(*TEST, file, option, given, "--json")

        assert 2 == ran.code
        assert "event.json" in ran.json["error"]["message"]
        assert "Traceback" not in ran.err
