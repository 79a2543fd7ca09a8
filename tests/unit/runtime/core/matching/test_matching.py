"""Event patterns: every operator, every refusal, and agreement with an implementation not ours."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.events.models import EventPattern

from runtime.core.matching import matching
from runtime.core.matching.trigger import Trigger
from runtime.errors import BadInput
from tests.builders import a_function, a_trigger, a_webhook, an_event
from tests.event_patterns import SCALARS, events, patterns

EVENT = {
    "topic": "metric.placed_order",
    "profile": {"email": "ada@example.com"},
    "properties": {
        "value": 149.5,
        "count": 3,
        "country": "DE",
        "ip": "10.1.2.3",
        "gift": True,
        "coupon": None,
        "tags": ["new", "vip"],
        "path": "/shop/sale/item.html",
        "star": "a*b",
        "lines": [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}],
        "nested": {"deep": {"er": "x"}},
        "empty": [],
    },
}


def matches(rules: object, *, field: str = "value") -> bool:
    """Whether these rules on one property match the event."""
    return matching.compile({"properties": {field: rules}}).matches(EVENT)


@pytest.mark.parametrize(
    ("field", "rules", "expected"),
    [
        ("country", ["DE"], True),
        ("country", ["FR", "DE"], True),
        ("country", ["de"], False),
        ("value", [149.5], True),
        ("count", [3.0], True),
        ("count", ["3"], False),
        ("gift", [True], True),
        ("gift", [1], False),
        ("count", [True], False),
        ("coupon", [None], True),
        ("coupon", [""], False),
        ("missing", [None], False),
        ("tags", ["vip"], True),
        ("tags", ["old"], False),
        ("country", [{"prefix": "D"}], True),
        ("country", [{"prefix": "d"}], False),
        ("country", [{"prefix": ""}], True),
        ("country", [{"prefix": {"equals-ignore-case": "d"}}], True),
        ("count", [{"prefix": "3"}], False),
        ("path", [{"suffix": ".html"}], True),
        ("path", [{"suffix": {"equals-ignore-case": ".HTML"}}], True),
        ("country", [{"equals-ignore-case": "de"}], True),
        ("path", [{"wildcard": "/shop/*/item.*"}], True),
        ("path", [{"wildcard": "*/item.html"}], True),
        ("path", [{"wildcard": "/shop*"}], True),
        ("path", [{"wildcard": "*"}], True),
        ("path", [{"wildcard": "/shop/*/other.*"}], False),
        ("country", [{"wildcard": "DE*DE"}], False),
        ("star", [{"wildcard": "a\\*b"}], True),
        ("country", [{"wildcard": "D\\*"}], False),
        ("value", [{"numeric": [">", 100]}], True),
        ("value", [{"numeric": [">", 100, "<=", 149.5]}], True),
        ("value", [{"numeric": ["<", 100]}], False),
        ("value", [{"numeric": ["=", 149.5]}], True),
        ("country", [{"numeric": [">", 0]}], False),
        ("gift", [{"numeric": [">", 0]}], False),
        ("ip", [{"cidr": "10.0.0.0/8"}], True),
        ("ip", [{"cidr": "192.168.0.0/16"}], False),
        ("ip", [{"cidr": "2001:db8::/32"}], False),
        ("country", [{"cidr": "10.0.0.0/8"}], False),
        ("country", [{"exists": True}], True),
        ("coupon", [{"exists": True}], True),
        ("missing", [{"exists": True}], False),
        ("missing", [{"exists": False}], True),
        ("country", [{"exists": False}], False),
        ("country", [{"exists": False}, "DE"], True),
        ("nested", [{"exists": True}], False),  # as EventBridge: only leaves exist
        ("nested", [{"exists": False}], True),
        ("empty", [{"exists": False}], True),
        ("country", [{"anything-but": "FR"}], True),
        ("country", [{"anything-but": ["FR", "DE"]}], False),
        ("count", [{"anything-but": [1, 2]}], True),
        ("count", [{"anything-but": 3}], False),
        ("count", [{"anything-but": "3"}], True),
        ("missing", [{"anything-but": "x"}], False),
        ("country", [{"anything-but": {"prefix": "D"}}], False),
        ("country", [{"anything-but": {"prefix": ["F", "G"]}}], True),
        ("path", [{"anything-but": {"suffix": ".html"}}], False),
        ("country", [{"anything-but": {"equals-ignore-case": ["de", "fr"]}}], False),
        ("path", [{"anything-but": {"wildcard": "*/sale/*"}}], False),
        ("count", [{"anything-but": {"prefix": "3"}}], True),
    ],
)
def test_each_operator_means_what_eventbridge_says(
    field: str,
    rules: list[Any],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Filters move between our matcher and a rule of the bus unchanged."""
    assert matches(rules, field=field) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"topic": ["metric.placed_order"], "properties": {"country": ["DE"]}}, True),
        ({"topic": ["metric.placed_order"], "properties": {"country": ["FR"]}}, False),
        ({"properties": {"nested": {"deep": {"er": ["x"]}}}}, True),
        ({"properties": {"country": {"deeper": ["x"]}}}, False),
        ({"properties": {"lines": {"sku": ["B"], "n": [2]}}}, True),
        ({"properties": {"lines": {"sku": ["A"], "n": [2]}}}, False),  # not of one element
        ({"properties": {"lines": {"sku": [{"exists": False}]}}}, False),
        ({"properties": {"lines": {"gone": [{"exists": False}]}}}, True),
        ({"$or": [{"topic": ["x"]}, {"profile": {"email": [{"suffix": ".com"}]}}]}, True),
        ({"$or": [{"topic": ["x"]}, {"topic": ["y"]}]}, False),
        ({"properties": {"$or": [{"country": ["FR"]}, {"count": [3]}], "gift": [True]}}, True),
        ({"properties": {"$or": [{"country": ["FR"]}, {"count": [3]}], "gift": [False]}}, False),
    ],
)
def test_fields_are_anded_and_or_is_written_out(
    pattern: dict[str, Any],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Structure, arrays of objects and `$or`."""
    assert matching.compile(pattern).matches(EVENT) is expected


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ([], "filter"),
        ({}, "filter"),
        ({"a": "x"}, "filter.a"),
        ({"a": 5}, "filter.a"),
        ({"a": []}, "filter.a"),
        ({"a": {}}, "filter.a"),
        ({"a": [["x"]]}, "filter.a[0]"),
        ({"a": [{"begins": "x"}]}, "filter.a[0]"),
        ({"a": [{}]}, "filter.a[0]"),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, "filter.a[0]"),
        ({"a": [{"prefix": 5}]}, "filter.a[0].prefix"),
        ({"a": [{"prefix": {"x": "y"}}]}, "filter.a[0].prefix"),
        ({"a": [{"suffix": None}]}, "filter.a[0].suffix"),
        ({"a": [{"equals-ignore-case": ["x"]}]}, "filter.a[0].equals-ignore-case"),
        ({"a": [{"wildcard": "a**"}]}, "filter.a[0].wildcard"),
        ({"a": [{"wildcard": "a\\x"}]}, "filter.a[0].wildcard"),
        ({"a": [{"wildcard": "a\\"}]}, "filter.a[0].wildcard"),
        ({"a": [{"exists": "true"}]}, "filter.a[0].exists"),
        ({"a": [{"exists": 1}]}, "filter.a[0].exists"),
        ({"a": [{"cidr": "10.0.0.0/33"}]}, "filter.a[0].cidr"),
        ({"a": [{"cidr": 10}]}, "filter.a[0].cidr"),
        ({"a": [{"numeric": []}]}, "filter.a[0].numeric"),
        ({"a": [{"numeric": [">"]}]}, "filter.a[0].numeric"),
        ({"a": [{"numeric": ["!", 5]}]}, "filter.a[0].numeric"),
        ({"a": [{"numeric": [">", "5"]}]}, "filter.a[0].numeric"),
        ({"a": [{"numeric": [">", True]}]}, "filter.a[0].numeric"),
        ({"a": [{"numeric": [[], 5]}]}, "filter.a[0].numeric"),
        ({"a": [{"numeric": ["<", 5, ">", 1]}]}, "filter.a[0].numeric"),
        ({"a": [{"numeric": [">", 5, "<", 1]}]}, "filter.a[0].numeric"),
        ({"a": [{"numeric": [">", 6e9]}]}, "filter.a[0].numeric"),
        ({"a": [{"anything-but": 12345678901234567890123}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": []}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": ["x", 5]}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": [True]}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": {"prefix": ""}}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": {"prefix": []}}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": {"numeric": ["<", 5]}}]}, "filter.a[0].anything-but"),
        ({"a": [{"anything-but": {}}]}, "filter.a[0].anything-but"),
        ({"a": ["x" * 3000]}, "filter"),
        ({"$or": [{"a": ["x"]}, {}]}, "filter.$or[1]"),
        ({f"f{n}": {"$or": [{"a": ["x"]}, {"b": ["x"]}]} for n in range(10)}, "filter"),
    ],
)
def test_a_pattern_that_eventbridge_refuses_is_refused_with_its_place(
    pattern: object, field: str
) -> None:
    """A filter that cannot mean anything must not be stored."""
    with pytest.raises(BadInput) as refusal:
        matching.compile(pattern)

    assert (refusal.value.code, refusal.value.field) == ("bad_filter", field)


def test_a_pattern_too_deep_to_walk_is_refused() -> None:
    """Recursion must end at our limit, not at the interpreter's."""
    pattern: dict[str, Any] = {"a": ["x"]}
    for _ in range(100):
        pattern = {"a": pattern}

    with pytest.raises(BadInput):
        matching.compile(pattern)


def test_a_hostile_wildcard_costs_no_time() -> None:
    """As a regular expression this would run for years."""
    pattern = matching.compile({"a": [{"wildcard": "*a" * 500 + "b"}]})

    assert pattern.matches({"a": "a" * 100_000}) is False


# To the other one `true` is the number 1, so those two are never in one comparison.
@given(
    st.tuples(patterns(), events())
    | st.tuples(patterns(has_numbers=False), events(SCALARS | st.booleans()))
)
def test_we_agree_with_another_implementation(
    case: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """Two readings of one language, written apart, rarely share a mistake."""
    pattern, event = case
    theirs = EventPattern.load(json.dumps(pattern)).matches_event(event)  # type: ignore[arg-type]

    assert matching.compile(pattern).matches(event) is theirs


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (("message.email.clicked",), True),
        (("message.email.*",), True),
        (("message.*",), True),
        (("message.email.*", "message.email.clicked", "message.*"), True),
        (("message.email.opened",), False),
        (("message.sms.*",), False),
        (("message.email.clicked.*",), False),
    ],
)
def test_exact_topics_and_prefixes_reach_each_subscription_once(
    topics: tuple[str, ...],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """However often a webhook names an event, it gets it once."""
    each: list[matching.Subscription] = [a_webhook(topics=topics), a_function(topics=topics)]

    assert matching.Index(each).match(an_event()) == (tuple(each) if expected else ())


def test_subscriptions_that_share_a_filter_are_each_found_in_their_order() -> None:
    """An event is asked once for all of them; none may be forgotten over it."""
    hooks = [a_webhook(id=f"whk_{n}", filter={"id": ["evt_1"]}) for n in range(3)]
    functions = [a_function(name=f"f-{n}", filter={"id": ["evt_1"]}) for n in range(2)]
    other = a_webhook(id="whk_9", filter={"id": ["evt_2"]})
    each: list[matching.Subscription] = [*hooks, other, *functions]
    index = matching.Index(each)

    assert index.match(an_event()) == (*hooks, *functions)


@dataclass(frozen=True)
class _Monitor:
    """A subscription that is neither a webhook nor a function."""

    triggers: tuple[Trigger, ...]


def test_anything_with_triggers_can_subscribe() -> None:
    """The index must not need to know what waits for events, nor how it is named."""
    watched = _Monitor((a_trigger("message.*", filter={"id": [{"prefix": "evt"}]}),))
    index = matching.Index([watched, watched, _Monitor((a_trigger("metric.*"),))])

    assert index.match(an_event()) == (watched, watched)


@pytest.mark.parametrize(
    ("triggers", "reached"),
    [
        ((a_trigger("message.*"), a_trigger("message.email.*")), True),
        ((a_trigger("metric.*"), a_trigger("message.*")), True),
        ((a_trigger("message.*", filter={"id": ["evt_9"]}), a_trigger("message.email.*")), True),
        ((a_trigger("message.*", filter={"id": ["evt_9"]}), a_trigger("metric.*")), False),
        ((), False),
    ],
)
def test_an_event_that_one_of_several_triggers_takes_reaches_the_function_once(
    triggers: tuple[Trigger, ...],
    reached: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Each trigger has its own topics and filter; two that take an event are one run."""
    function = a_function(triggers=triggers)

    assert matching.Index([function]).match(an_event()) == ((function,) if reached else ())


def test_a_disabled_webhook_is_found() -> None:
    """What it misses is recorded as skipped, not forgotten."""
    index = matching.Index([a_webhook(enabled=False)])

    assert [hook.id for hook in index.match(an_event())] == ["whk_1"]


def test_a_stored_filter_that_does_not_compile_stops_the_tenant_loudly() -> None:
    """Matching nothing in silence would lose events."""
    with pytest.raises(BadInput):
        matching.Index([a_webhook(filter={"a": "x"})])
