"""Explains whether a subscription takes an event, and if not, what said no.

The matcher itself answers fast, for many subscriptions at once, and gives no reasons. The answer
here is the same, for one subscription, with every reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, Final

from runtime.core.events import topics
from runtime.core.events.envelope import Event
from runtime.core.matching import matching
from runtime.core.matching.conditions import Condition
from runtime.core.matching.facts import Facts
from runtime.core.matching.patterns import Pattern
from runtime.core.matching.trigger import Trigger
from runtime.errors import written

# Explanations of many subscriptions make one answer of the API, which holds 6 MB; a filter may have
# 250 lines, and an event 256 KB at one place.
MAX_REFUSALS: Final = 20
MAX_FOUND: Final = 5
MAX_FOUND_CHARS: Final = 200


class Verdict(StrEnum):
    """Whether a subscription takes an event."""

    MATCHED = "matched"
    NO_TRIGGER = "no_trigger"  # it takes no event by itself: a function that is only a transform
    OTHER_TOPIC = "other_topic"
    FILTERED = "filtered"  # its topic fits, and its filter said no


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A line of a filter that said no to an event."""

    trigger: int  # which trigger's filter it stands in, from 0; a webhook has one trigger
    at: str  # where it stands, such as `filter.properties.value`
    place: str  # where the event's value stands: a dotted path that skips arrays
    wanted: tuple[Any, ...]  # the rules, of which one had to hold
    # The first `MAX_FOUND` values that the event has there, in any element; empty for no value.
    # Of a long text there is the beginning, which then ends with `…`.
    found: tuple[object, ...]
    # Whether the line holds for some element of an array, but for none in which the filter's other
    # lines about the same array hold, too.
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether a subscription takes an event, and why not."""

    verdict: Verdict
    # The first `MAX_REFUSALS` lines that said no; of an `$or`, those of all branches. Empty unless
    # the verdict is `FILTERED`.
    refusals: tuple[Refusal, ...] = ()
    left_out: int = 0  # how many more lines said no


def explain(triggers: Sequence[Trigger], event: Event) -> Explanation:
    """Whether any of the triggers takes the event, as the matcher decides; and if not, why.

    Raises:
        BadInput: code `bad_filter`: a stored filter does not compile.
    """
    if not triggers:
        return Explanation(verdict=Verdict.NO_TRIGGER)
    fitting = [(n, each) for n, each in enumerate(triggers) if _takes(each, event.topic)]
    if not fitting:
        return Explanation(verdict=Verdict.OTHER_TOPIC)
    facts = Facts(event.to_json())
    refusals = [_refusals(each, facts, number=number) for number, each in fitting]
    if not all(refusals):  # a trigger that nothing in its filter refuses takes the event
        return Explanation(verdict=Verdict.MATCHED)
    every = tuple(chain.from_iterable(refusals))
    return Explanation(
        verdict=Verdict.FILTERED,
        refusals=every[:MAX_REFUSALS],
        left_out=max(0, len(every) - MAX_REFUSALS),
    )


def refused_by(pattern: Pattern, facts: Facts) -> tuple[tuple[Condition, bool], ...]:
    """The conditions that refuse the event, each with whether it holds apart; empty on a match."""
    if pattern.fits(facts):
        return ()
    alone = tuple(pattern.node.refusing(facts, together=False))
    # If each condition holds alone, they do not hold in one element of an array.
    return alone or tuple(pattern.node.refusing(facts, together=True))


def _takes(trigger: Trigger, topic: str) -> bool:
    return any(topics.covers(name, topic) for name in trigger.topics)


def _refusals(trigger: Trigger, facts: Facts, *, number: int) -> list[Refusal]:
    if trigger.filter is None:
        return []
    return [
        Refusal(
            trigger=number,
            at=written(condition.at),
            place=condition.place,
            wanted=tuple(condition.rules),
            found=tuple(map(_short, facts.values.get(condition.place, ())[:MAX_FOUND])),
            apart=apart,
        )
        for condition, apart in refused_by(matching.compile(trigger.filter), facts)
    ]


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_FOUND_CHARS:
        return f"{value[:MAX_FOUND_CHARS]}…"
    return value
