"""Why a subscription does not take an event: the same answer as the matcher's, with its reasons."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.matching import matching
from runtime.core.matching.explain import (
    MAX_FOUND,
    MAX_FOUND_CHARS,
    MAX_REFUSALS,
    Explanation,
    Refusal,
    Verdict,
    explain,
    refused_by,
)
from runtime.core.matching.facts import Facts
from runtime.core.matching.matching import Index
from runtime.core.matching.trigger import Trigger
from tests.builders import a_function, a_trigger, a_webhook, an_event
from tests.event_patterns import any_events, patterns

TOPICS = ["metric.a", "metric.a.b", "message.email.clicked", "message.sms.clicked"]
SUBSCRIBED = st.sampled_from([*TOPICS, "metric.*", "message.*", "message.email.*"])
FILTERS = st.none() | patterns().map(lambda pattern: {"properties": pattern})
TRIGGERS = st.lists(
    st.builds(
        lambda names, pattern: Trigger(topics=tuple(names), filter=pattern),
        st.lists(SUBSCRIBED, min_size=1, max_size=2),
        FILTERS,
    ),
    max_size=3,
)


def explained(pattern: object, properties: dict[str, Any]) -> Explanation:
    """The explanation for a webhook with this filter on the properties."""
    webhook = a_webhook(topics=("metric.a",), filter={"properties": pattern})
    return explain(webhook.triggers, an_event(topic="metric.a", properties=properties))


def said_no(pattern: object, properties: dict[str, Any]) -> list[tuple[str, bool]]:
    """Where the lines stand that said no, and whether each holds apart."""
    return [(each.at, each.apart) for each in explained(pattern, properties).refusals]


@given(triggers=TRIGGERS, topic=st.sampled_from(TOPICS), properties=any_events())
def test_explain_says_no_exactly_when_the_matcher_says_no(
    triggers: list[Trigger], topic: str, properties: dict[str, Any]
) -> None:
    """An explanation that contradicts what happened would be worse than none."""
    event = an_event(topic=topic, properties=properties)
    function = a_function(triggers=tuple(triggers))

    explanation = explain(function.triggers, event)

    matched = bool(Index([function]).match(event))
    assert matched is (explanation.verdict is Verdict.MATCHED)
    assert bool(explanation.refusals) is (explanation.verdict is Verdict.FILTERED)


@given(pattern=patterns(), event=any_events())
def test_each_line_that_said_no_refuses_the_event_alone_unless_it_holds_apart(
    pattern: dict[str, Any], event: dict[str, Any]
) -> None:
    """Whoever mends one line at a time must not be sent to a line that is right."""
    for condition, apart in refused_by(matching.compile(pattern), Facts(event)):
        alone = matching.compile({condition.place: condition.rules})
        assert alone.node.is_possible(Facts(event)) is apart


@pytest.mark.parametrize(
    ("triggers", "verdict"),
    [
        ((), Verdict.NO_TRIGGER),
        ((a_trigger("metric.b"),), Verdict.OTHER_TOPIC),
        ((a_trigger("metric.b"), a_trigger("metric.*")), Verdict.MATCHED),
        ((a_trigger("metric.a", filter={"topic": ["metric.b"]}),), Verdict.FILTERED),
    ],
)
def test_a_verdict_names_what_decided(triggers: tuple[Trigger, ...], verdict: Verdict) -> None:
    """A wrong topic is mended elsewhere than a wrong filter."""
    assert verdict is explain(triggers, an_event(topic="metric.a")).verdict


def test_a_refusal_shows_the_line_what_it_wanted_and_what_the_event_has() -> None:
    """These three are what a person compares."""
    rules = [{"numeric": [">", 100]}]

    explanation = explained({"value": rules, "country": ["DE"]}, {"value": 20, "country": "DE"})

    (refusal,) = explanation.refusals
    assert refusal == Refusal(
        trigger=0,
        at="filter.properties.value",
        place="properties.value",
        wanted=tuple(rules),
        found=(20,),
    )


def test_a_missing_value_is_shown_as_none_found() -> None:
    """A misspelled name is the most frequent reason."""
    (refusal,) = explained({"valeu": [1]}, {"value": 1}).refusals

    assert () == refusal.found


def test_of_an_or_every_branch_is_named_when_none_holds() -> None:
    """Any of them would have let the event through."""
    either = {"$or": [{"a": [1]}, {"b": [2]}]}
    at = "filter.properties.$or"

    assert [(f"{at}[0].a", False), (f"{at}[1].b", False)] == said_no(either, {"a": 2, "b": 1})
    assert [] == said_no(either, {"a": 1, "b": 1})


def test_lines_that_hold_in_different_elements_of_an_array_are_named_as_apart() -> None:
    """Each is right by itself, so nobody would find the reason by reading the values."""
    lines = {"lines": {"sku": ["A"], "n": [2]}}
    event = {"lines": [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}]}
    at = "filter.properties.lines"

    assert [(f"{at}.sku", True), (f"{at}.n", True)] == said_no(lines, event)
    assert [(f"{at}.n", False)] == said_no({"lines": {"sku": ["A"], "n": [3]}}, event)
    assert [] == said_no({"lines": {"sku": ["A"], "n": [1]}}, event)


def test_a_refusal_says_which_trigger_it_stands_in() -> None:
    """A function may have several, each with a filter."""
    triggers = [
        a_trigger("metric.b"),
        a_trigger("metric.a", filter={"properties": {"value": [1]}}),
        a_trigger("metric.*", filter={"properties": {"value": [2]}}),
    ]

    explanation = explain(triggers, an_event(topic="metric.a", properties={"value": 3}))

    assert [1, 2] == [each.trigger for each in explanation.refusals]


def test_an_explanation_of_the_largest_event_stays_small() -> None:
    """Those of a page of subscriptions must fit one answer."""
    names = [f"n{n}" for n in range(MAX_REFUSALS + 5)]
    values = ["x" * 1000] * (MAX_FOUND + 1)

    explanation = explained({name: ["a"] for name in names}, dict.fromkeys(names, values))

    found = ("x" * MAX_FOUND_CHARS + "…",) * MAX_FOUND
    assert [found] * MAX_REFUSALS == [each.found for each in explanation.refusals]
    assert 5 == explanation.left_out
