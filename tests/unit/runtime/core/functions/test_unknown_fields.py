"""Hints about fields that a function reads and no event has: each mistake, and no false alarm."""

import json
from pathlib import Path
from typing import Any

import pytest

import penstock
from runtime.core.events.topics import KNOWN
from runtime.core.functions.finding import Severity
from runtime.core.functions.unknown_fields import NOTICES, unknown_fields

ROOT = Path(__file__).parents[5]
METRIC = ("metric.placed_order",)
IN_EVENT = 'your own fields are in event["properties"]'
IN_PROFILE = 'your own fields are in profile["properties"]'
IN_ARGUMENT = "the handler's argument `profile` has the properties"


def hints(body: str, *topics: str, arguments: str = "event, profile, context") -> list[str]:
    """The messages and hints about the body of a handler."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"def handler({arguments}):\n{lines}"
    return [f"{each.message}; {each.hint}" for each in unknown_fields(source, topics=topics)]


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ('event["propertys"]', 'an event never has "propertys"; did you mean "properties"?'),
        ('event["value"]', f'an event never has "value"; {IN_EVENT}'),
        ('event.get("foo")', f'an event never has "foo"; {IN_EVENT}'),
        ('event.get("foo", 1)', f'an event never has "foo"; {IN_EVENT}'),
        (
            'event["profile"]["mail"]',
            'the profile of an event never has "mail"; did you mean "email"?',
        ),
        (
            'event["profile"]["properties"]',
            f'the profile of an event never has "properties"; {IN_ARGUMENT}',
        ),
        (
            '(event.get("profile") or {}).get("phne")',
            'the profile of an event never has "phne"; did you mean "phone"?',
        ),
        ('profile["emial"]', 'a profile never has "emial"; did you mean "email"?'),
        ('profile["vip"]', f'a profile never has "vip"; {IN_PROFILE}'),
        (
            'profile["vip"] if profile else None',
            f'a profile never has "vip"; {IN_PROFILE}',
        ),
        (
            'who = event["profile"]\nname = who["vip"]',
            f'the profile of an event never has "vip"; {IN_ARGUMENT}',
        ),
        (
            'name = who["vip"]\nwho = it\nit = event["profile"]',
            f'the profile of an event never has "vip"; {IN_ARGUMENT}',
        ),
        (
            "def later():\n    return event['propertys']",
            'an event never has "propertys"; did you mean "properties"?',
        ),
        (
            'counts[event["topic"]] = 1\nenrich(event)\nevent["propertys"]',
            'an event never has "propertys"; did you mean "properties"?',
        ),
    ],
)
def test_a_field_that_does_not_exist_is_named_with_the_way_out(body: str, hint: str) -> None:
    """The nearest name, or where such a field may be found."""
    assert [hint] == hints(body, *METRIC)


@pytest.mark.parametrize(
    "body",
    [
        'event["properties"]["anything"]["at_all"]',
        'event["profile"].get("email", "")',
        'profile["properties"].get("vip")',
        'event["profile"]["email"]["x"]',
        "event[name], event.get(name), event[0], event[1:]",
        'event["foo"] = 1\nevent["foo"]',
        'event.setdefault("foo", 1)\nevent["foo"]',
        'event.update(foo=1)\nevent["foo"]',
        'event.update({"foo": 1})\nevent["foo"]',
        'event.update(more)\nevent["foo"]',
        'event[name] = 1\nevent["foo"]',
        'event |= more\nevent["foo"]',
        'event = parse(event)\nevent["foo"]',
        'for event in event["properties"]["events"]:\n    event["foo"]',
        '[event["foo"] for event in events]',
        'def each(event):\n    return event["foo"]',
        'lambda event: event["foo"]',
        "with load() as event:\n    event['foo']",
        "import event\nevent['foo']",
        "match it:\n    case event:\n        event['foo']",
        "try:\n    go()\nexcept Error as event:\n    event['foo']",
        'who = event["profile"]\nwho = other\nwho["name"]',
        "global event\nevent['foo']",
        'enrich(event)\nother[key] = 1\nevent["foo"]',
        'context["foo"], context.get("foo")',
        '"foo" in event',
        "return (",
    ],
)
def test_what_may_be_right_gets_no_hint(body: str) -> None:
    """A hint that is wrong once is not read the next time."""
    assert [] == hints(body, *METRIC)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "handler = make()",
        "@wrap\ndef handler(event):\n    return event['foo']",
        "def handler(*args):\n    return args[0]['foo']",
        "def handler(event):\n    return event['foo']\nhandler = wrap(handler)",
        "class A:\n    def handler(self, event):\n        return event['foo']",
        "def handler(event):\n    fill(event)\n    event['foo']\ndef fill(it):\n    it['foo'] = 1",
        "def other(event):\n    return event['foo']",
        "\x00",
        "(" * 5_000,
        "x" + ".y" * 30_000,
    ],
    ids=lambda source: source[:20],
)
def test_a_handler_that_nobody_can_follow_gets_no_hint(source: str) -> None:
    """Neither does a source that cannot be parsed: the check itself says that."""
    assert () == unknown_fields(source, topics=METRIC)


def test_the_first_argument_is_the_event_whatever_its_name() -> None:
    """And the second is the profile only where it is called so."""
    assert 1 == len(hints('e["foo"]', *METRIC, arguments="e"))
    assert 1 == len(hints('e["foo"], context["foo"]', *METRIC, arguments="e, context"))
    assert 2 == len(hints('e["foo"], profile["foo"]', *METRIC, arguments="e, profile"))


def test_a_hint_names_its_place_and_refuses_nothing() -> None:
    """Lines and columns count from 1, as those of all findings; hints stand in their order."""
    source = "def handler(event):\n    x = event['b']\n    return event['a']\n"

    found = unknown_fields(source, topics=METRIC)

    assert [(2, 15), (3, 18)] == [(each.line, each.column) for each in found]
    assert {("unknown_field", Severity.HINT)} == {(each.code, each.severity) for each in found}


@pytest.mark.parametrize(
    ("topics", "count"),
    [
        (["webhook.failing"], 1),
        (["webhook.failing", "webhook.recovered"], 1),
        (["function.failing", "function.canary_failed"], 0),
        (["function.failing", "function.recovered"], 1),
        (["function.failing", "function.of_yours"], 0),
        (["webhook.*"], 0),
        (["webhook.disabled"], 0),
        (["webhook.failing", "webhook.disabled"], 0),
        (["webhook.failing", "metric.x"], 0),
        (["message.email.*"], 0),
        ([], 0),
    ],
)
def test_properties_are_free_but_for_the_platforms_own_topics(
    topics: list[str], count: int
) -> None:
    """A field is unknown only if no topic that triggers the function has it."""
    assert count == len(hints('event["properties"]["reason"]', *topics))


def test_the_notices_have_the_fields_that_their_type_describes() -> None:
    """The type in `penstock` is held against the platform's own notices."""
    types: dict[str, Any] = {
        "webhook.": penstock.WebhookNotice,
        "function.": penstock.FunctionNotice,
        "sync.": penstock.SyncNotice,
    }

    assert NOTICES.keys() == {topic for topic in KNOWN if topic.startswith(tuple(types))}
    for stem, kind in types.items():
        names = {name for topic in NOTICES if topic.startswith(stem) for name in NOTICES[topic]}
        assert {*kind.__optional_keys__} == names


def test_no_example_gets_a_hint() -> None:
    """They are what authors start from."""
    for path in (ROOT / "examples").rglob("functions/**/*.py"):
        assert () == unknown_fields(path.read_text(encoding="utf-8"), topics=METRIC), path


def test_of_the_ordinary_functions_only_one_for_another_platform_gets_hints() -> None:
    """It reads what API Gateway sends, which no event of this platform has."""
    told: dict[str, list[str]] = {}
    lines = (ROOT / "tests" / "sandbox" / "ordinary_functions.jsonl").read_text(encoding="utf-8")
    for case in map(json.loads, lines.splitlines()):
        for finding in unknown_fields(case["code"], topics=METRIC):
            told.setdefault(case["id"], []).append(finding.message)

    assert {
        "aws_proxy": ['an event never has "body"', 'an event never has "httpMethod"'],
    } == told
