"""Which subscriptions an event reaches: an index by topic, then by value, then the filter."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from runtime.core import topics
from runtime.core.envelope import Event
from runtime.core.function import Function
from runtime.core.patterns import Path, Pattern, compile_pattern, index_key, values_at
from runtime.core.webhook import Webhook


def compile(pattern: object) -> Pattern:  # noqa: A001 - read as matching.compile
    """A subscription's filter, ready to be asked.

    Raises:
        BadInput: `bad_filter`, naming the place and the reason.
    """
    return compile_pattern(pattern)


T = TypeVar("T")


class _Bucket(Generic[T]):
    """One topic's subscriptions: by value where a value decides, the rest in a row."""

    def __init__(self) -> None:
        self._always: list[T] = []
        self._scan: list[tuple[Pattern, T]] = []
        self._by_value: dict[Path, dict[Hashable, list[tuple[Pattern, T]]]] = {}

    def add(self, target: T, pattern: Pattern | None) -> None:
        if pattern is None:
            self._always.append(target)
        elif pattern.anchor is None:
            self._scan.append((pattern, target))
        else:
            values = self._by_value.setdefault(pattern.anchor.path, {})
            for value in dict.fromkeys(map(index_key, pattern.anchor.values)):
                values.setdefault(value, []).append((pattern, target))

    def find(self, event: Mapping[str, Any]) -> Iterator[T]:
        yield from self._always
        for pattern, target in self._scan:
            if pattern.matches(event):
                yield target
        for path, values in self._by_value.items():
            for key in dict.fromkeys(map(index_key, values_at(event, path))):
                for pattern, target in values.get(key, ()):
                    if pattern.matches(event):
                        yield target


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

    def find(self, topic: str, event: Callable[[], Mapping[str, Any]]) -> Iterator[T]:
        for bucket in self._buckets(topic):
            yield from bucket.find(event())

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
        self._by_id: dict[str, Webhook] = {}
        for webhook in webhooks:
            self._by_id[webhook.id] = webhook
            self._webhooks.add(webhook, webhook.topics, _filter(webhook.filter))
        for function in functions:
            self._functions.add(function, function.topics, _filter(function.filter))

    def webhook(self, webhook_id: str) -> Webhook | None:
        """The webhook of that id, if the index has it."""
        return self._by_id.get(webhook_id)

    def match(self, event: Event) -> Matches:
        """Whom `event` concerns; disabled webhooks too: what they miss is recorded as skipped."""
        shape: list[dict[str, Any]] = []

        def envelope() -> dict[str, Any]:
            if not shape:
                shape.append(event.to_json())
            return shape[0]

        webhooks = {w.id: w for w in self._webhooks.find(event.topic, envelope)}
        functions = {f.name: f for f in self._functions.find(event.topic, envelope)}
        return Matches(
            tuple(webhooks[key] for key in sorted(webhooks)),
            tuple(functions[key] for key in sorted(functions)),
        )


def _filter(pattern: Mapping[str, Any] | None) -> Pattern | None:
    return None if pattern is None else compile_pattern(pattern)
