"""Reading case files: what is taken, and what is refused with its file and key."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli._errors import WrongUsage
from cli.cases import case
from cli.cases.case import Case
from cli.project.document import FILE
from cli.project.functions import load_function
from runtime.core.profiles import profile as profiles

SETTINGS = '[function]\ntopics = ["metric.x"]\nsecrets = ["CRM_TOKEN"]\nenvironment = { A = "1" }\n'
ABOUT = {"external_id": "c-1"}


def load(folder: Path, document: Any) -> Case:
    """The case with this document, of a function with some settings."""
    (folder / FILE).write_text(SETTINGS, "utf-8")
    file = folder / "first.json"
    text = document if isinstance(document, str) else json.dumps(document)
    file.write_text(text, "utf-8")
    return case.load(file, load_function(folder / "function.py"))


def an_event(**changes: Any) -> dict[str, Any]:
    """The least that an event says."""
    return {"topic": "metric.x", "profile": ABOUT, **changes}


def test_the_function_gets_the_event_that_the_cloud_would_give_it(tmp_path: Path) -> None:
    """Whole, with the same values each time."""
    loaded = load(tmp_path, {"event": an_event(properties={"n": 1})})

    assert ("first", {}, (), None) == (loaded.name, loaded.expect, loaded.http, loaded.profile)
    assert {
        "id": "evt_case",
        "tenant": "local",
        "topic": "metric.x",
        "occurred_at": case.MOMENT,
        "received_at": case.MOMENT,
        "origin": "bus",
        "hops": 0,
        "profile": ABOUT,
        "properties": {"n": 1},
    } == loaded.event


def test_the_function_gets_the_profile_in_the_form_that_the_cloud_gives_it(tmp_path: Path) -> None:
    """A function that reads profile["phone"] must not fail here where it works there."""
    loaded = load(tmp_path, {"event": an_event(), "profile": {"properties": {"city": "Turin"}}})

    assert loaded.profile is not None
    assert ["id", *profiles.IDENTIFIERS, "properties"] == list(loaded.profile)
    assert str(loaded.profile["id"]).startswith("prf_")
    assert None is loaded.profile["email"]


def test_an_answer_in_json_says_that_it_is_json(tmp_path: Path) -> None:
    """Servers do; and a function may look at it."""
    entries = [
        {"method": "GET", "url": "https://a.example.com/*", "status": 200, "json": {"é": 1}},
        {"method": "GET", "url": "https://a.example.com/", "status": 503, "body": "later"},
        {"method": "GET", "url": "https://b.example.com/", "error": "timeout", "times": 2},
    ]
    first, second, third = load(tmp_path, {"event": an_event(), "http": entries}).http

    assert ((("Content-Type", "application/json"),), '{"é": 1}') == (
        first.headers, first.body.decode()
    )  # fmt: skip
    assert ((), b"later", 503) == (second.headers, second.body, second.status)
    assert (None, "timeout", 2) == (third.status, third.error, third.times)


@pytest.mark.parametrize(
    ("document", "place", "words"),
    [
        ([], "", "must be a JSON object"),
        ({}, "event", "is missing"),
        ({"evnt": {}}, "evnt", "did you mean event?"),
        ({"event": an_event(), "expects": {}}, "expects", "did you mean expect?"),
        ({"event": an_event(), "zzz": {}}, "zzz", "Known are event, profile,"),
        ({"event": 3}, "event", "must be a JSON object"),
        ({"event": {}}, "event.topic", "dotted lower-case words"),
        ({"event": an_event(topic="Placed")}, "event.topic", "dotted lower-case words"),
        ({"event": an_event(propertees={})}, "event.propertees", "unknown field"),
        ({"event": an_event(hops=9)}, "event.hops", "a loop"),
        ({"event": an_event(occurred_at="soon")}, "event.occurred_at", "RFC 3339"),
        ({"event": an_event(properties={"x": "y" * 300_000})}, "event", "at most 262144 bytes"),
        ({"event": an_event(), "profile": 3}, "profile", "must be a JSON object"),
        ({"event": an_event(), "profile": {"mail": "a"}}, "profile.mail", "did you mean email?"),
        ({"event": an_event(), "profile": {"email": 3}}, "profile.email", "text or null"),
        ({"event": an_event(), "profile": {"properties": 3}}, "profile.properties", "object"),
        (
            {"event": an_event(), "profile": {"properties": {"x": "y" * 300_000}}},
            "properties",
            "at most 262144",
        ),
        ({"event": an_event(profile={}), "profile": {}}, "profile", "names nobody"),
        ({"event": an_event(), "secrets": []}, "secrets", "must be a JSON object"),
        ({"event": an_event(), "secrets": {"OTHER": "x"}}, "secrets.OTHER", "does not declare"),
        ({"event": an_event(), "secrets": {"CRM_TOKEN": 3}}, "secrets.CRM_TOKEN", "must be text"),
        ({"event": an_event(), "secrets": {"CRM_TOKEN": " "}}, "secrets.CRM_TOKEN", "is empty"),
        ({"event": an_event(), "environment": {"A": 3}}, "environment.A", "must be text"),
        ({"event": an_event(), "environment": {"A B": ""}}, "environment", "letters, digits"),
        ({"event": an_event(), "environment": {"B": "x" * 4095}}, "environment", "at most 4096"),
        ({"event": an_event(), "http": {}}, "http", "must be a list"),
        ({"event": an_event(), "http": [3]}, "http[0]", "must be a JSON object"),
        ({"event": an_event(), "http": [{"metod": "GET"}]}, "http[0].metod", "did you mean method"),
        ({"event": an_event(), "http": [{"method": "get"}]}, "http[0].method", "GET, POST"),
        ({"event": an_event(), "http": [{"method": "GET"}]}, "http[0].url", "must be a URL"),
        ({"event": an_event(), "expect": []}, "expect", "must be a JSON object"),
        ({"event": an_event(), "expect": {"outcom": 1}}, "expect.outcom", "did you mean outcome?"),
        ({"event": an_event(), "expect": {"outcome": "raise"}}, "expect.outcome", "mean raised?"),
        ({"event": an_event(), "expect": {"outcome": [3]}}, "expect.outcome", "no outcome"),
        ({"event": an_event(), "expect": {"effects": {}}}, "expect.effects", "must be a list"),
        ({"event": an_event(), "expect": {"logs": "x"}}, "expect.logs", "must be a list"),
        ({"event": an_event(), "expect": {"error": "x"}}, "expect.error", "must be an object"),
    ],
)
def test_a_case_that_cannot_be_meant_is_refused_with_its_file_and_key(
    tmp_path: Path, document: Any, place: str, words: str
) -> None:
    """A key that is passed over in silence leaves a case that tests nothing."""
    with pytest.raises(WrongUsage) as refused:
        load(tmp_path, document)

    assert "bad_case" == refused.value.code
    start = f"{tmp_path / 'first.json'}: {place}: " if place else f"{tmp_path / 'first.json'}: "
    assert refused.value.message.startswith(start), refused.value.message
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({}, "status"),
        ({"status": 99}, "status"),
        ({"status": "200"}, "status"),
        ({"status": True}, "status"),
        ({"status": 200, "error": "timeout"}, "status"),
        ({"error": "slow"}, "error"),
        ({"error": ["x"]}, "error"),
        ({"status": 200, "body": {}}, "body"),
        ({"status": 200, "body": "", "json": 1}, "body"),
        ({"status": 200, "headers": {"X": 1}}, "headers.X"),
        ({"status": 200, "times": 0}, "times"),
        ({"status": 200, "times": True}, "times"),
        ({"status": 200, "times": "2"}, "times"),
    ],
)
def test_an_answer_that_nobody_could_give_is_refused(
    tmp_path: Path, entry: dict[str, Any], place: str
) -> None:
    """With the number of the entry: a case may have several."""
    whole = {"method": "GET", "url": "https://a.example.com/", **entry}

    with pytest.raises(WrongUsage, match=rf"http\[0\]\.{place}: "):
        load(tmp_path, {"event": an_event(), "http": [whole]})


@pytest.mark.parametrize("text", ["{", "NaN", f'{{"event": {{"n": {1 << 64}}}}}'])
def test_a_file_that_is_not_json_is_named(tmp_path: Path, text: str) -> None:
    """Also one with a value that the cloud refuses."""
    with pytest.raises(WrongUsage, match=r"first\.json"):
        load(tmp_path, text)
