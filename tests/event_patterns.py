"""Event patterns and events about the same few names, texts and numbers, so that they meet.

What our matcher and the one it is compared with read differently is kept out: objects in arrays,
which that one leaves whole; 0 and 1, which it takes for false and true; integers as addresses.
"""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from runtime.core.matching import matching
from runtime.core.matching.facts import Facts
from runtime.core.matching.filter_index import FilterIndex

Strategy = SearchStrategy[Any]

_NAMES: Final = st.sampled_from(["x", "y", "z"])
_TEXTS: Final = st.sampled_from(
    ["", "a", "A", "ab", "abc", "b", "ba", "10.0.0.1", "192.168.1.1", "2001:db8::1", "a*", "a\\b"]
)
_NUMBERS: Final = st.integers(-3, 3).filter(lambda n: n not in (0, 1)) | st.sampled_from(
    [1.5, -2.5, 2.0]
)
SCALARS: Final = _TEXTS | _NUMBERS | st.none()

_WORDS: Final = st.sampled_from(["a", "b", "ab", "B", "10"])
_FOLDED: Final = _WORDS.map(lambda text: {"equals-ignore-case": text})
_GLOBS: Final = st.sampled_from(
    ["*", "a*", "*b", "a*c", "*.*.*", "a\\*", "a\\\\b", "*a*", "ab", "a\\**", "*b*c*", "*ab*a*"]
)
_NETWORKS: Final = st.sampled_from(["10.0.0.0/8", "192.168.0.0/16", "2001:db8::/32"])
_COMPARISONS: Final = st.sampled_from(["<", "<=", "=", ">=", ">"])
_LOWS: Final = st.tuples(st.sampled_from([">", ">="]), st.integers(-3, 0))
_HIGHS: Final = st.tuples(st.sampled_from(["<", "<="]), st.integers(1, 3))
_RANGES: Final = st.builds(lambda low, high: [*low, *high], _LOWS, _HIGHS)


def _operator(name: str, operand: Strategy) -> Strategy:
    return operand.map(lambda value: {name: value})


def _some(items: Strategy) -> Strategy:
    return st.lists(items, min_size=1, max_size=3)


_TEXT_OPERATORS: Final = (
    _operator("prefix", _WORDS | _FOLDED | st.just("")),
    _operator("suffix", _WORDS | _FOLDED | st.just("")),
    _operator("equals-ignore-case", _WORDS),
    _operator("wildcard", _GLOBS),
    _operator("exists", st.booleans()),
    _operator("cidr", _NETWORKS),
    _operator("anything-but", _WORDS | _some(_WORDS)),
    _operator("anything-but", _operator("prefix", _WORDS | _FOLDED | _some(_WORDS))),
    _operator("anything-but", _operator("suffix", _WORDS | _FOLDED | _some(_WORDS))),
    _operator("anything-but", _operator("equals-ignore-case", _WORDS | _some(_WORDS))),
    _operator("anything-but", _operator("wildcard", _GLOBS | _some(_GLOBS))),
)
_NUMBER_OPERATORS: Final = (
    _operator("numeric", _RANGES | st.tuples(_COMPARISONS, _NUMBERS).map(list)),
    _operator("anything-but", _NUMBERS | _some(_NUMBERS)),
)


def rules(*, has_numbers: bool = True) -> Strategy:
    """What a pattern may have at one place; without `has_numbers` nothing that compares."""
    operators = _TEXT_OPERATORS + (_NUMBER_OPERATORS if has_numbers else ())
    return _some(SCALARS | st.booleans() | st.one_of(operators))


def patterns(*, has_numbers: bool = True) -> Strategy:
    """Patterns with every operator, `$or` and depth."""
    here = rules(has_numbers=has_numbers)
    return st.recursive(
        st.dictionaries(_NAMES, here, min_size=1, max_size=2),
        lambda inner: (
            st.dictionaries(_NAMES, here | inner, min_size=1, max_size=2)
            | st.lists(inner, min_size=2, max_size=3).map(lambda branches: {"$or": branches})
        ),
        max_leaves=6,
    )


def events(scalars: Strategy = SCALARS) -> Strategy:
    """Objects of scalars, arrays of scalars, and objects."""
    leaves = scalars | st.lists(scalars, min_size=1, max_size=3)
    below = st.recursive(
        leaves,
        lambda inner: st.dictionaries(_NAMES, inner, min_size=1, max_size=3),
        max_leaves=8,
    )
    return st.dictionaries(_NAMES, below, max_size=3)


def values() -> Strategy:
    """Any JSON: also empty arrays, arrays of arrays and of objects, true and false, 0 and 1."""
    return st.recursive(
        SCALARS | st.booleans() | st.integers(0, 1),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
        max_leaves=12,
    )


def any_events() -> Strategy:
    """Objects of such values."""
    return st.dictionaries(_NAMES, values(), max_size=3)


def is_matched(pattern: object, event: Mapping[str, Any]) -> bool:
    """Whether the pattern matches: asked itself, and found by an index, which must say the same."""
    compiled = matching.compile(pattern)
    matched = compiled.matches(event)
    assert bool(list(FilterIndex([compiled]).find(Facts(event)))) is matched
    return matched
