"""Finds the subscriptions that an event reaches: an index by topic, then by filter."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any, Final, Generic, Protocol, TypeVar

from runtime.core.events import topics
from runtime.core.events.envelope import Event
from runtime.core.json_text import dump
from runtime.core.matching.facts import Facts
from runtime.core.matching.filter_index import FilterIndex
from runtime.core.matching.patterns import Pattern, compile_pattern
from runtime.core.matching.trigger import Trigger

COMPILED: Final = 10_000  # filters kept compiled between two changes: about 2 KB each


def compile(pattern: object) -> Pattern:  # noqa: A001 - read as matching.compile
    """Compile a subscription's filter.

    Raises:
        BadInput: code `bad_filter`; the error names the place and the reason.
    """
    return compile_pattern(pattern)


class Subscription(Protocol):
    """A webhook, a function or anything else that subscribes to events."""

    @property
    def triggers(self) -> Iterable[Trigger]:
        """What it takes; an event that several of them take reaches it once."""


S = TypeVar("S", bound=Subscription)


class _Bucket:
    """The numbers of the subscriptions to one topic: those without a filter, and by filter."""

    def __init__(self) -> None:
        self._always: list[int] = []
        self._by_filter: dict[Pattern, list[int]] = defaultdict(list)

    def add(self, number: int, pattern: Pattern | None) -> None:
        (self._always if pattern is None else self._by_filter[pattern]).append(number)

    def find(self, facts: Callable[[], Facts]) -> Iterator[int]:
        yield from self._always
        if self._by_filter:
            for pattern in self._index.find(facts()):
                yield from self._by_filter[pattern]

    @cached_property
    def _index(self) -> FilterIndex:
        # Built for the first event: most topics of a tenant see no event between two changes.
        return FilterIndex(self._by_filter)


class Index(Generic[S]):
    """A tenant's subscriptions, compiled. Build it after each change; ask it for each event.

    Raises:
        BadInput: a stored filter does not compile. No subscription is matched then, and no event is
            lost: it waits in its queue until the filter is mended.
    """

    def __init__(self, subscriptions: Iterable[S]) -> None:
        self._subscriptions = tuple(subscriptions)
        self._exact: dict[str, _Bucket] = defaultdict(_Bucket)
        self._prefix: dict[str, _Bucket] = defaultdict(_Bucket)
        for number, subscription in enumerate(self._subscriptions):
            for trigger in subscription.triggers:
                pattern = _filter(trigger.filter)
                for topic in trigger.topics:
                    self._bucket(topic).add(number, pattern)

    def match(self, event: Event) -> Sequence[S]:
        """The subscriptions that `event` reaches, each once, in the order they were given."""
        facts = cache(lambda: Facts(event.to_json()))
        numbers = {n for bucket in self._buckets(event.topic) for n in bucket.find(facts)}
        return tuple(self._subscriptions[number] for number in sorted(numbers))

    def _bucket(self, topic: str) -> _Bucket:
        """The bucket of an exact topic or of a prefix."""
        return self._prefix[topic[:-1]] if topics.is_prefix(topic) else self._exact[topic]

    def _buckets(self, topic: str) -> Iterator[_Bucket]:
        """The bucket of an event's topic, and those of the topic's prefixes."""
        if topic in self._exact:
            yield self._exact[topic]
        end = topic.find(".") + 1
        while end and self._prefix:
            if topic[:end] in self._prefix:
                yield self._prefix[topic[:end]]
            end = topic.find(".", end) + 1


def _filter(pattern: Mapping[str, Any] | None) -> Pattern | None:
    return None if pattern is None else _compiled(dump(pattern))


@lru_cache(maxsize=COMPILED)
def _compiled(text: str) -> Pattern:
    # The text is the key, so subscriptions with equal filters share one pattern, which is tried
    # once for all of them. A filter that did not change is not compiled again.
    return compile_pattern(json.loads(text))
