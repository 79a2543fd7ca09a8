"""The index of filters: it finds what asking each would find, and asks hardly any."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.matching.conditions import MAX_WAYS, Condition
from runtime.core.matching.facts import Facts
from runtime.core.matching.filter_index import BLOCK, FilterIndex
from runtime.core.matching.patterns import Pattern, compile_pattern
from tests.event_patterns import any_events, patterns, rules, values


def found(filters: list[Pattern], event: Mapping[str, Any]) -> list[int]:
    """The numbers of the filters that the index finds."""
    numbers = {pattern: number for number, pattern in enumerate(filters)}
    return sorted({numbers[each] for each in FilterIndex(filters).find(Facts(event))})


def scanned(filters: list[Pattern], event: Mapping[str, Any]) -> list[int]:
    """The numbers of the filters that match when each is asked."""
    return [number for number, pattern in enumerate(filters) if pattern.matches(event)]


# Of one place often: there the filters meet; and of any places, where they are put together.
@given(
    each=st.lists(patterns() | rules().map(lambda here: {"x": here}), max_size=20),
    event=any_events() | values().map(lambda value: {"x": value}),
)
def test_the_index_finds_exactly_what_a_scan_finds(
    each: list[dict[str, Any]], event: dict[str, Any]
) -> None:
    """An index is a shortcut; it must never be a detour."""
    filters = [compile_pattern(pattern) for pattern in each]

    assert found(filters, event) == scanned(filters, event)


@pytest.mark.parametrize(
    ("here", "value"),
    [
        ([{"anything-but": "a"}, {"anything-but": "b"}], "a"),  # the second lets it in
        ([{"anything-but": "a"}, "a"], "a"),
        ([{"anything-but": 1}], True),  # to Python they are the same
        ([{"anything-but": ["a", "b"]}], ["a", "c"]),  # one element is enough
        ([{"anything-but": {"wildcard": "a*b"}}], "a"),
        ([{"numeric": ["<", 1]}, {"numeric": [">", 5]}], 7),
        ([{"numeric": [">=", 5]}], 5),
        ([{"numeric": ["<=", 5]}], 5),
        ([{"equals-ignore-case": "ab"}], "AB"),
        ([{"prefix": {"equals-ignore-case": "ab"}}], "ABC"),
        ([{"suffix": {"equals-ignore-case": "ab"}}], "CAB"),
        ([{"suffix": ""}], ""),
        ([{"wildcard": "*"}], ""),
        ([{"wildcard": "a*b"}, {"wildcard": "*c*"}], "acd"),
        ([{"exists": False}, "a"], "a"),
        ([{"exists": False}, {"prefix": "b"}], []),
    ],
)
def test_a_filter_that_matches_is_found(here: list[Any], value: object) -> None:
    """What the tables leave out, nobody asks again."""
    pattern = compile_pattern({"x": here})

    assert pattern.matches({"x": value})
    assert found([pattern], {"x": value}) == [0]


def test_more_filters_than_a_block_holds_are_all_found() -> None:
    """The last of one block and the first of the next are neighbours like any others."""
    filters = [compile_pattern({"x": [{"numeric": [">", n]}]}) for n in range(2 * BLOCK + 1)]

    for event in ({"x": 0}, {"x": BLOCK}, {"x": 2 * BLOCK}, {"x": 9e9}, {"x": "9"}, {}):
        assert found(filters, event) == scanned(filters, event)


def test_a_filter_with_too_many_alternatives_is_still_found() -> None:
    """What is not written out is not forgotten: the index then knows less of the filter."""
    either = [{"$or": [{"a": [n]}, {"b": [n]}]} for n in range(6)]
    rule = {f"place{n}": each for n, each in enumerate(either)} | {"sure": ["x"]}
    pattern = compile_pattern(rule)
    event = {f"place{n}": {"b": n} for n in range(6)}

    assert len(pattern.ways) <= MAX_WAYS < 2**6
    assert found([pattern], event | {"sure": "x"}) == [0]
    assert found([pattern], event | {"sure": "y"}) == []


Make = Callable[[int], dict[str, Any]]


class _Asked(Condition):
    """Holds always, and counts how often that is asked."""

    count = 0

    def is_possible(self, _facts: Facts) -> bool:
        """Count."""
        _Asked.count += 1
        return True


def asked(filters: list[Pattern], event: Mapping[str, Any]) -> int:
    """How many filters the index leaves to be asked."""
    _Asked.count = 0
    node = _Asked("nowhere", ("filter", "nowhere"), [], (), absent=False)
    list(
        FilterIndex(replace(each, node=node, places=node.places) for each in filters).find(
            Facts(event)
        )
    )
    return _Asked.count


@pytest.mark.parametrize(
    ("make", "event"),
    [
        (lambda n: {"x": [str(n)]}, {"x": "7"}),
        (lambda n: {"x": [n]}, {"x": 7.0}),
        (lambda n: {"x": [None, n]}, {"x": [7, "7"]}),
        (lambda n: {"x": [{"numeric": [">", n]}]}, {"x": 1}),
        (lambda n: {"x": [{"numeric": ["<=", -n]}]}, {"x": -1}),
        (lambda n: {"x": [{"numeric": [">", n, "<", n + 1]}]}, {"x": 7.5}),
        (lambda n: {"x": [{"numeric": ["=", n]}]}, {"x": 7}),
        (lambda n: {"x": [{"prefix": f"{n:03}"}]}, {"x": "0071"}),
        (lambda n: {"x": [{"suffix": f"{n:03}"}]}, {"x": "1007"}),
        (lambda n: {"x": [{"equals-ignore-case": f"X{n}"}]}, {"x": "x7"}),
        (lambda n: {"x": [{"prefix": {"equals-ignore-case": f"X{n:03}"}}]}, {"x": "x0071"}),
        (lambda n: {"x": [{"suffix": {"equals-ignore-case": f"{n:03}X"}}]}, {"x": "1007x"}),
        (lambda n: {"x": [{"wildcard": f"{n:03}*x"}]}, {"x": "007-x"}),
        (lambda n: {"x": [{"wildcard": f"*x*{n:03}"}]}, {"x": "-x-007"}),
        (lambda n: {"x": [{"wildcard": f"a*{n:03}"}]}, {"x": "a-007"}),
        (lambda n: {"x": [{"wildcard": f"{n:03}*a"}]}, {"x": "007-a"}),
        (lambda n: {"x": [{"anything-but": ["a", str(n)]}]}, {"x": "a"}),
        (lambda n: {"x": [{"anything-but": [-1, n]}]}, {"x": -1}),
        (lambda n: {"x": [{"anything-but": {"prefix": ["a", str(n)]}}]}, {"x": "ab"}),
        (lambda n: {"x": [{"anything-but": {"suffix": ["b", str(n)]}}]}, {"x": "ab"}),
        (lambda n: {"x": [{"anything-but": {"equals-ignore-case": ["A", str(n)]}}]}, {"x": "a"}),
        (lambda n: {f"x{n}": [{"exists": True}]}, {"x7": 0}),
        (lambda n: {"y": [{"exists": False}], "x": [n]}, {"x": 7}),
        (lambda n: {"y": [{"exists": False}], "x": [n]}, {"x": 7, "y": 1}),
        (lambda n: {"y": {"z": [n]}, "x": ["a"]}, {"x": "a", "y": [{"z": 7}]}),
        (lambda n: {"$or": [{"x": [n]}, {"y": [n]}]}, {"x": 1000, "y": 7}),
        (lambda n: {"x": [{"wildcard": f"*/{n}/*"}]}, {"x": "a/7/b"}),
        (lambda n: {"x": [{"wildcard": f"*shop*/{n}/*"}]}, {"x": "a-shop-without-7/"}),
        (lambda n: {"x": [{"wildcard": f"*{n:03}*"}]}, {"x": "a00 7b"}),
        (lambda n: {"x": [{"wildcard": f"*{n}*"}, {"wildcard": f"*{n}?*"}]}, {"x": "a"}),
        (lambda n: {"x": [{"anything-but": {"wildcard": ["*a*", f"*{n}*"]}}]}, {"x": "bab"}),
        (lambda n: {"x": [{"wildcard": "*a*"}], "y": [n]}, {"x": "bab", "y": 7}),
        (lambda n: {"x": [{"cidr": f"10.0.{n}.0/24"}]}, {"x": "10.0.7.1"}),
        (lambda n: {"x": [{"cidr": f"2001:db8:{n:x}::/48"}]}, {"x": "2001:db8:7::1"}),
        (lambda n: {"x": [{"cidr": f"10.0.{n}.0/24"}, {"cidr": "11.0.0.0/8"}]}, {"x": "10.9.0.1"}),
        (lambda n: {"x": [f"10.0.0.{n}"]}, {"x": "10.0.0.007"}),
        (lambda n: {"x": [{"numeric": ["<", n]}, {"numeric": [">", 900 + n]}]}, {"x": 500}),
        (lambda n: {"x": [{"cidr": "10.0.0.0/8"}], "y": [n]}, {"x": "10.0.0.1", "y": 7}),
    ],
)
def test_of_many_alike_at_most_one_is_asked(make: Make, event: dict[str, Any]) -> None:
    """What an event costs must not grow with the subscriptions that it does not concern."""
    filters = [compile_pattern(make(n)) for n in range(1, 201)]

    assert asked(filters, event) <= 1
    assert found(filters, event) == scanned(filters, event)
