"""The chain: order, the overlay, its bounds, and what holds for any transforms and properties."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.json_text import check_json, dump
from runtime.core.transforms.chain import MAX_DERIVED_CHARS, Chain
from runtime.core.transforms.dates import DateOrder
from runtime.core.transforms.default import Default
from runtime.core.transforms.format import Case, Decimal, Format, Kind
from runtime.core.transforms.hash import Hash
from runtime.core.transforms.merge import Choice, Merge
from runtime.core.transforms.split import Split
from runtime.core.transforms.standardize import Operator, Rule, Standardize
from runtime.core.transforms.tables import Table
from runtime.core.transforms.transform import Definition, Settings
from runtime.core.transforms.values import MAX_VALUE_CHARS
from tests.json_values import JSON

_TEXTS = st.text("ab1 '-,", min_size=1, max_size=3)
_RULES = st.builds(
    Rule, operator=st.sampled_from(Operator), values=st.tuples(_TEXTS), replacement=JSON
).filter(lambda rule: rule.operator is not Operator.MATCHES)
_SETTINGS: st.SearchStrategy[Settings] = st.one_of(
    st.builds(
        Format,
        trim=st.booleans(),
        special_characters=st.booleans(),
        case=st.sampled_from(Case),
        kind=st.none() | st.sampled_from(Kind),
        date_order=st.sampled_from(DateOrder),
        decimal=st.sampled_from(Decimal),
    ),
    st.builds(Standardize, rules=st.tuples(_RULES), table=st.none() | st.sampled_from(Table)),
    st.builds(Merge, choice=st.sampled_from(Choice)),
    st.builds(Split, separator=st.none() | _TEXTS, part=st.sampled_from([None, 1, -1])),
    st.builds(Default, value=JSON),
    st.builds(Hash, normalize=st.booleans()),
)
_NAMES = st.sampled_from("abcd")


@st.composite
def _definitions(draw: st.DrawFn) -> list[Definition]:
    targets = draw(st.lists(_NAMES, unique=True))
    return [
        Definition(
            name=target,
            sources=tuple(draw(st.lists(_NAMES, unique=True, min_size=1, max_size=3))),
            target=target,
            settings=draw(_SETTINGS),
        )
        for target in targets
    ]


@given(definitions=_definitions(), properties=st.dictionaries(_NAMES, JSON), stamps=st.data())
def test_a_chain_never_raises_and_never_changes_the_original(
    definitions: list[Definition], properties: dict[str, Any], stamps: st.DataObject
) -> None:
    """Whatever producers send: the event must not be lost over a tenant's settings."""
    set_at = {name: stamps.draw(st.sampled_from(["2026-01", "2026-02"])) for name in properties}
    before = copy.deepcopy(properties)
    derived = Chain(definitions).derive(properties, set_at)
    assert dump(properties) == dump(before)
    assert set(derived.values) <= {each.target for each in definitions}
    check_json(dict(derived.values), any_integer=True)
    again = Chain(definitions).derive(properties, set_at)
    assert dump(dict(again.values)) == dump(dict(derived.values))


def _format(source: str, target: str, **settings: Any) -> Definition:
    return _transform(source, target=target, settings=Format(**settings))


def _transform(*sources: str, target: str, settings: Settings) -> Definition:
    return Definition(name="t", sources=sources, target=target, settings=settings)


def test_later_transforms_read_what_earlier_ones_made() -> None:
    """So full names are split first, and the parts formatted."""
    parts = _transform("full", target="first", settings=Split(part=1))
    clean = _format("first", "hello", case=Case.TITLE)
    properties = {"full": "ada king", "first": "old"}
    assert _values([parts, clean], properties) == {"first": "ada", "hello": "Ada"}
    assert _values([clean, parts], properties) == {"first": "ada", "hello": "Old"}


def test_a_target_may_be_its_own_source_and_the_original_stays() -> None:
    """The value lies over the property; a transform reads the property each time."""
    properties = {"city": " ROMA "}
    values = _values([_format("city", "city", trim=True, case=Case.TITLE)], properties)
    assert {**properties, **values} == {"city": "Roma"}
    assert properties == {"city": " ROMA "}


def test_a_hash_in_place_is_not_hashed_again() -> None:
    """Hash is not idempotent, and need not be."""
    definition = _transform("vat", target="vat", settings=Hash())
    first = _values([definition], {"vat": "DE1"})
    assert _values([definition], {"vat": "DE1"}) == first != {}


def test_what_is_as_it_should_be_is_not_stored_twice() -> None:
    """Most values are clean already; the overlay would double each profile."""
    assert _values([_format("city", "city", trim=True)], {"city": "Roma"}) == {}


def test_the_latest_of_a_merge_follows_the_stamps_through_the_chain() -> None:
    """A derived value is as old as the newest of what it was made of."""
    chain = [
        _format("b", "clean", trim=True),
        _transform("a", "clean", target="merged", settings=Merge(choice=Choice.LATEST)),
    ]
    derived = Chain(chain).derive({"a": "x", "b": " y "}, {"a": "2026-01", "b": "2026-02"})
    assert derived.values["merged"] == "y"


def test_what_is_too_large_is_left_alone_and_said() -> None:
    """A profile must fit its item, whatever its transforms make."""
    large = {"a": "x" * (MAX_VALUE_CHARS + 1)}
    derived = Chain([_format("a", "b", case=Case.UPPER)]).derive(large, {})
    assert (dict(derived.values), derived.too_large) == ({}, ("b",))

    many = [_format("a", f"b{n}", case=Case.UPPER) for n in range(100)]
    derived = Chain(many).derive({"a": "x" * MAX_VALUE_CHARS}, {})
    assert len(dump(dict(derived.values))) <= MAX_DERIVED_CHARS
    assert len(derived.values) + len(derived.too_large) == 100


def _values(definitions: list[Definition], properties: dict[str, Any]) -> dict[str, Any]:
    return dict(Chain(definitions).derive(properties, {}).values)
