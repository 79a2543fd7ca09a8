"""Which subscriptions an event reaches: an index by topic, then by what filters want."""

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

COMPILED: Final = 10_000  # filters kept compiled between two changes: about 2 KB each


def compile(pattern: object) -> Pattern:  # noqa: A001 - read as matching.compile
    """A subscription's filter, ready to be asked.

    Raises:
        BadInput: `bad_filter`, naming the place and the reason.
    """
    return compile_pattern(pattern)


class Subscription(Protocol):
    """What an index holds; a webhook, a function or anything else that waits for events."""

    @property
    def topics(self) -> Iterable[str]:
        """Exact topics, and prefixes such as `message.email.*`; any one of them suffices."""

    @property
    def filter(self) -> Mapping[str, Any] | None:
        """An event pattern over the envelope; None if every event of the topics is wanted."""


S = TypeVar("S", bound=Subscription)


class _Bucket:
    """The subscriptions to one topic, by their numbers: without a filter, and by filter."""

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
        # Made for the first event: between two changes, most topics of a tenant see none.
        return FilterIndex(self._by_filter)


class Index(Generic[S]):
    """A tenant's subscriptions, compiled; build it once per change, ask it per event.

    Raises:
        BadInput: a stored filter does not compile. Nothing is matched then, so nothing is lost: the
            event waits in its queue until the filter is mended.
    """

    def __init__(self, subscriptions: Iterable[S]) -> None:
        self._subscriptions = tuple(subscriptions)
        self._exact: dict[str, _Bucket] = defaultdict(_Bucket)
        self._prefix: dict[str, _Bucket] = defaultdict(_Bucket)
        for number, subscription in enumerate(self._subscriptions):
            pattern = _filter(subscription.filter)
            for topic in subscription.topics:
                self._bucket(topic).add(number, pattern)

    def match(self, event: Event) -> Sequence[S]:
        """The subscriptions that `event` concerns: each once, in the order they were given."""
        facts = cache(lambda: Facts(event.to_json()))
        numbers = {n for bucket in self._buckets(event.topic) for n in bucket.find(facts)}
        return tuple(self._subscriptions[number] for number in sorted(numbers))

    def _bucket(self, topic: str) -> _Bucket:
        """Where subscriptions to an exact topic or to a prefix are collected."""
        return self._prefix[topic[:-1]] if topics.is_prefix(topic) else self._exact[topic]

    def _buckets(self, topic: str) -> Iterator[_Bucket]:
        """The buckets of an event's topic: its own, and those of its prefixes."""
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
    # By its text: equal filters become one, which an event is asked once for all who share it, and
    # what a change has left alone is not compiled again.
    return compile_pattern(json.loads(text))
