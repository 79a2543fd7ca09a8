"""CPU time to match one event with many subscriptions of one tenant.

Runs alone, in seconds: `python -m bench.matching`.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bench.report import Row, table
from runtime.core.events.envelope import Event
from runtime.core.matching.matching import Index
from runtime.core.webhooks.webhook import Webhook

SIZES: Final = (10, 1_000, 10_000)
TOPIC: Final = "metric.placed_order"
AT: Final = "2026-11-22T10:00:00.000Z"
EVENTS: Final = 50  # different ones, each matched at least once
LONG_ENOUGH_S: Final = 0.3
_FOLDED: Final = "equals-ignore-case"
Filter = Mapping[str, Any] | None

# What filters are about in the mix; the number makes each filter another one.
_MIX: Final[tuple[Callable[[int], Mapping[str, Any]], ...]] = (
    lambda n: {"sku": [f"sku-{n}"]},
    lambda n: {"country": [_country(n)], "value": [{"numeric": [">", 500 + n]}]},
    lambda n: {"value": [{"numeric": [">=", 1000 + n, "<", 1002 + n]}]},
    lambda n: {"url": [{"prefix": f"https://shop.example.com/{n}/"}]},
    lambda n: {"email_domain": [{"suffix": f".{n}.example.com"}]},
    lambda n: {"campaign": [{"equals-ignore-case": f"Autumn-{n}"}]},
    lambda n: {"country": [{"anything-but": ["DE", "FR", _country(n)]}], "items": [n]},
    lambda n: {"coupon": [{"exists": False}], "value": [{"numeric": [">", 500 + n]}]},
    lambda n: {"url": [{"wildcard": f"https://shop.example.com/*/{n}"}], "gift": [True]},
    lambda n: {"$or": [{"sku": [f"sku-{n}"]}, {"value": [{"numeric": [">", 900 + n]}]}]},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Filters by number; `topics` by number too, the event's own unless said otherwise."""

    name: str
    says: str
    make: Callable[[int], Filter]
    topics: Callable[[int], str] = field(default=lambda _: TOPIC)


def _kind(name: str, make: Callable[[int], Mapping[str, Any]]) -> Case:
    return Case(
        name=name,
        says="one topic, each filter another",
        make=lambda n: {"properties": make(n)},
    )


CASES: Final = (
    Case(
        name="a mix of filters",
        says="a third on the event's topic, a sixth on `metric.*`, the rest elsewhere;"
        " ten kinds of filter over nine properties, each filter another",
        make=lambda n: {"properties": _MIX[n % 10](n)},
        topics=lambda n: (TOPIC, "metric.*", TOPIC, *["metric.viewed_page"] * 3)[n // 10 % 6],
    ),
    Case(
        name="exact values",
        says="one topic, each filter another `sku`",
        make=lambda n: {"properties": {"sku": [f"sku-{n}"]}},
    ),
    Case(
        name="thresholds",
        says="one topic, each filter another `value` to exceed",
        make=lambda n: {"properties": {"value": [{"numeric": [">", 490 + n]}]}},
    ),
    Case(
        name="prefixes",
        says="one topic, each filter another beginning of `url`",
        make=lambda n: {"properties": {"url": [{"prefix": f"https://shop.example.com/{n}/"}]}},
    ),
    Case(
        name="exclusions",
        says="one topic, each filter another list that `country` must not be in",
        make=lambda n: {"properties": {"country": [{"anything-but": ["DE", "FR", f"X{n}"]}]}},
    ),
    Case(
        name="exclusions that exclude nothing here",
        says="one topic; nearly all match, so this is the price of a match",
        make=lambda n: {"properties": {"country": [{"anything-but": [f"X{n}"]}]}},
    ),
    # From here on one row a kind: each filter another, and few match.
    _kind("ranges", lambda n: {"value": [{"numeric": [">=", 490 + n, "<", 491 + n]}]}),
    _kind("suffixes", lambda n: {"email_domain": [{"suffix": f".{n}.example.com"}]}),
    _kind("equals-ignore-case", lambda n: {"campaign": [{_FOLDED: f"AUTUMN-{n}"}]}),
    _kind("prefixes ignoring case", lambda n: {"campaign": [{"prefix": {_FOLDED: f"AUTUMN-{n}"}}]}),
    _kind(
        "suffixes ignoring case",
        lambda n: {"email_domain": [{"suffix": {_FOLDED: f".{n}.EXAMPLE.com"}}]},
    ),
    _kind("exists", lambda n: {f"property_{n}": [{"exists": True}]}),
    _kind("exists: false", lambda n: {"coupon": [{"exists": False}], "sku": [f"sku-{n}"]}),
    _kind("wildcards open at one end", lambda n: {"url": [{"wildcard": f"*/{n}/item"}]}),
    _kind("wildcards open at both ends", lambda n: {"url": [{"wildcard": f"*/{n}/*"}]}),
    _kind(
        "wildcards with many literals", lambda n: {"url": [{"wildcard": f"*shop*example*/{n}/*m"}]}
    ),
    _kind("cidr of IPv4", lambda n: {"ip": [{"cidr": f"10.{n // 250}.{n % 250}.0/24"}]}),
    _kind("cidr of IPv6", lambda n: {"ip6": [{"cidr": f"2001:db8:{n:x}::/48"}]}),
    _kind("addresses", lambda n: {"ip": [f"10.{n // 250}.{n % 250}.1"]}),
    _kind("excluded numbers", lambda n: {"one": [{"anything-but": [1, n]}]}),
    _kind("excluded prefixes", lambda n: {"url": [{"anything-but": {"prefix": ["http", f"{n}"]}}]}),
    _kind("excluded suffixes", lambda n: {"url": [{"anything-but": {"suffix": ["item", f"{n}"]}}]}),
    _kind(
        "excluded ignoring case",
        lambda n: {"coupon": [{"anything-but": {_FOLDED: ["welcome", f"{n}"]}}]},
    ),
    _kind(
        "excluded wildcards",
        lambda n: {"url": [{"anything-but": {"wildcard": ["*shop*", f"*/{n}/*"]}}]},
    ),
    _kind("$or", lambda n: {"$or": [{"sku": [f"sku-{n}"]}, {"items": [10_000 + n]}]}),
    _kind(
        "elements of arrays",
        lambda n: {"lines": {"sku": [f"sku-{n}"], "quantity": [{"numeric": [">", 1]}]}},
    ),
    _kind(
        "exists: false in elements of arrays",
        lambda n: {"lines": {"sku": [f"sku-{n}"], "z": [{"exists": False}]}},
    ),
)


def measure() -> Iterator[Row]:
    """Milliseconds to match, by kind of filter and number of subscriptions; then to index."""
    sizes = " / ".join(f"{size:,}" for size in SIZES)
    for case in CASES:
        costs = [_match(case, size) for size in SIZES]
        yield Row(
            what=f"match one event, {case.name}: {sizes} subscriptions",
            value=" / ".join(f"{took_ms:.3f}" for took_ms, _ in costs) + " ms",
            how=f"{case.says}; {' / '.join(f'{hits:.0f}' for _, hits in costs)} match",
        )
    mix = CASES[0]
    hooks = _webhooks(mix, SIZES[-1])
    yield Row(
        what=f"index {SIZES[-1]:,} subscriptions: first / after a change",
        value=f"{_index_ms(hooks):.0f} / {_index_ms(hooks):.0f} ms",
        how=f"{mix.name}, the first match included; reading them from the table is not",
    )


def _match(case: Case, size: int) -> tuple[float, float]:
    """Milliseconds and matches, both per event."""
    index = Index(_webhooks(case, size))
    events = [_event(number) for number in range(EVENTS)]
    for event in events:
        index.match(event)
    matched, rounds, began_s = 0, 0, time.process_time()
    while time.process_time() - began_s < LONG_ENOUGH_S:
        matched += sum(len(index.match(event)) for event in events)
        rounds += EVENTS
    return (time.process_time() - began_s) * 1000 / rounds, matched / rounds


def _index_ms(webhooks: list[Webhook]) -> float:
    began_s = time.process_time()
    Index(webhooks).match(_event(0))
    return (time.process_time() - began_s) * 1000


def _webhooks(case: Case, size: int) -> list[Webhook]:
    return [
        Webhook(
            id=f"whk_{number:05}",
            tenant="bench",
            name=f"webhook {number}",
            url="https://receiver.example.com/",
            topics=(case.topics(number),),
            created_at=AT,
            filter=case.make(number),
        )
        for number in range(size)
    ]


def _event(number: int) -> Event:
    properties = {
        "sku": f"sku-{number}",
        "country": ("DE", "FR")[number % 2],
        "value": 480.0 + number,
        "url": f"https://shop.example.com/{number}/item",
        "email_domain": f"mail.{number}.example.com",
        "campaign": f"autumn-{number}",
        "items": number,
        "gift": number % 2 == 0,
        "coupon": "WELCOME",
        "one": 1,
        "ip": f"10.0.{number}.1",
        "ip6": f"2001:db8:{number:x}::1",
        "lines": [
            {"sku": f"sku-{line}", "quantity": line} | ({"z": 1} if line % 2 else {})
            for line in range(5)
        ],
    }
    return Event(
        id=f"evt_{number}",
        tenant="bench",
        topic=TOPIC,
        occurred_at=AT,
        received_at=AT,
        properties=json.loads(json.dumps(properties)),
    )


def _country(number: int) -> str:
    return ("DE", "FR", "IT", "ES", "NL", "PL", "SE", "AT")[number % 8]


if __name__ == "__main__":
    print(table(measure()))
