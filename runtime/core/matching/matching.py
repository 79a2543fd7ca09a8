"""Which subscriptions an event reaches: an index by topic, then by what filters want."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, Final, Generic, TypeVar

from runtime.core.events import topics
from runtime.core.events.envelope import Event
from runtime.core.functions.function import Function
from runtime.core.json_text import dump
from runtime.core.matching.filter_index import Facts, FilterIndex
from runtime.core.matching.patterns import Pattern, compile_pattern
from runtime.core.webhooks.webhook import Webhook

COMPILED: Final = 10_000  # filters kept compiled between two changes: about 2 KB each


def compile(pattern: object) -> Pattern:  # noqa: A001 - read as matching.compile
    """A subscription's filter, ready to be asked.

    Raises:
        BadInput: `bad_filter`, naming the place and the reason.
    """
    return compile_pattern(pattern)


T = TypeVar("T")


class _Bucket(Generic[T]):
    """One topic's subscriptions: those without a filter, and the others by their filter."""

    def __init__(self) -> None:
        self._always: list[T] = []
        self._by_filter: dict[Pattern, list[T]] = defaultdict(list)

    def add(self, target: T, pattern: Pattern | None) -> None:
        (self._always if pattern is None else self._by_filter[pattern]).append(target)

    def find(self, facts: Callable[[], Facts]) -> Iterator[T]:
        yield from self._always
        if self._by_filter:
            for pattern in self._index.find(facts()):
                yield from self._by_filter[pattern]

    @cached_property
    def _index(self) -> FilterIndex:
        # Made for the first event: between two changes, most topics of a tenant see none.
        return FilterIndex(self._by_filter)


class _Topics(Generic[T]):
    """Subscriptions by exact topic and by prefix."""

    def __init__(self) -> None:
        self._exact: dict[str, _Bucket[T]] = defaultdict(_Bucket)
        self._prefix: dict[str, _Bucket[T]] = defaultdict(_Bucket)

    def add(self, target: T, wanted: Iterable[str], pattern: Pattern | None) -> None:
        for topic in wanted:
            if topics.is_prefix(topic):
                self._prefix[topic[:-1]].add(target, pattern)
            else:
                self._exact[topic].add(target, pattern)

    def find(self, topic: str, facts: Callable[[], Facts]) -> Iterator[T]:
        for bucket in self._buckets(topic):
            yield from bucket.find(facts)

    def _buckets(self, topic: str) -> Iterator[_Bucket[T]]:
        if topic in self._exact:
            yield self._exact[topic]
        end = topic.find(".") + 1
        while end and self._prefix:
            if topic[:end] in self._prefix:
                yield self._prefix[topic[:end]]
            end = topic.find(".", end) + 1


@dataclass(frozen=True, slots=True)
class Matches:
    """Whom an event concerns; each at most once, in the order of their ids."""

    webhooks: Sequence[Webhook]
    functions: Sequence[Function]


class Index:
    """A tenant's subscriptions, compiled; build it once per change, ask it per event.

    Raises:
        BadInput: a stored filter does not compile. Nothing is matched then, so nothing is lost: the
            event waits in its queue until the filter is mended.
    """

    def __init__(self, webhooks: Iterable[Webhook], functions: Iterable[Function] = ()) -> None:
        self._webhooks: _Topics[Webhook] = _Topics()
        self._functions: _Topics[Function] = _Topics()
        for webhook in webhooks:
            self._webhooks.add(webhook, webhook.topics, _filter(webhook.filter))
        for function in functions:
            self._functions.add(function, function.topics, _filter(function.filter))

    def match(self, event: Event) -> Matches:
        """Whom `event` concerns; disabled webhooks too: what they miss is recorded as skipped."""
        facts = cache(lambda: Facts(event.to_json()))
        webhooks = {w.id: w for w in self._webhooks.find(event.topic, facts)}
        functions = {f.name: f for f in self._functions.find(event.topic, facts)}
        return Matches(
            tuple(webhooks[key] for key in sorted(webhooks)),
            tuple(functions[key] for key in sorted(functions)),
        )


def _filter(pattern: Mapping[str, Any] | None) -> Pattern | None:
    return None if pattern is None else _compiled(dump(pattern))


@lru_cache(maxsize=COMPILED)
def _compiled(text: str) -> Pattern:
    # By its text: equal filters become one, which an event is asked once for all who share it, and
    # what a change has left alone is not compiled again.
    return compile_pattern(json.loads(text))
