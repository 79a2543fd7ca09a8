"""Standardize, Merge, Split, Default and Hash: what each makes of its sources."""

from typing import Any

import pytest

from runtime.core.transforms import chain, tables
from runtime.core.transforms.countries import COUNTRIES
from runtime.core.transforms.default import Default
from runtime.core.transforms.hash import Hash
from runtime.core.transforms.merge import Choice, Merge
from runtime.core.transforms.split import Split
from runtime.core.transforms.standardize import Operator, Rule, Standardize
from runtime.core.transforms.tables import Table
from runtime.core.transforms.transform import Settings
from runtime.core.transforms.us_states import US_STATES
from runtime.core.transforms.values import ABSENT, Source


@pytest.mark.parametrize(
    ("operator", "value", "text", "holds"),
    [
        (Operator.EQUALS, "a", "a", True),
        (Operator.EQUALS, "a", "A", False),
        (Operator.EQUALS, 1, 1.0, True),
        (Operator.EQUALS, 1, True, False),
        (Operator.EQUALS, {"a": [1]}, {"a": [1]}, True),
        (Operator.CONTAINS, "ann", "joanna", True),
        (Operator.CONTAINS, "ann", ["ann"], False),
        (Operator.STARTS_WITH, "jo", "joanna", True),
        (Operator.STARTS_WITH, "an", "joanna", False),
        (Operator.ENDS_WITH, "na", "joanna", True),
        (Operator.MATCHES, "^[a-z]+$", "joanna", True),
        (Operator.MATCHES, "^[a-z]+$", 5, False),
    ],
)
def test_each_operator(operator: Operator, value: Any, text: Any, *, holds: bool) -> None:
    """All but `equals` are for texts; `equals` compares as JSON does."""
    settings = Standardize(rules=(Rule(operator=operator, values=(value,), replacement="yes"),))
    assert _made(settings, text) == ("yes" if holds else text)


@pytest.mark.parametrize("operator", Operator)
def test_each_operator_can_ignore_case(operator: Operator) -> None:
    """Otherwise each spelling would need a value of its own."""
    rule = Rule(operator=operator, values=("NEW york",), replacement="NYC", ignore_case=True)
    assert _made(Standardize(rules=(rule,)), "New York") == "NYC"


def test_a_rule_goes_before_the_table() -> None:
    """A tenant may want another name for one country only."""
    rule = Rule(operator=Operator.EQUALS, values=("UK",), replacement="Britain")
    settings = Standardize(rules=(rule,), table=Table.COUNTRIES)
    assert [_made(settings, text) for text in ("UK", "U.K.", "Mars")] == [
        "Britain",
        "United Kingdom",
        "Mars",
    ]


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        (Table.COUNTRIES, "côte d\u2019ivoire", "Côte d'Ivoire"),
        (Table.COUNTRIES, "Cote d'Ivoire", "Côte d'Ivoire"),
        (Table.COUNTRIES, "deu", "Germany"),
        (Table.US_STATES, "n.y.", "New York"),
        (Table.US_STATES, " calif. ", "California"),
        (Table.YES_NO, "Yes", True),
        (Table.YES_NO, "off", False),
        (Table.YES_NO, "maybe", "maybe"),
    ],
)
def test_each_table(table: Table, text: str, expected: object) -> None:
    """Case, accents, dots and spaces do not matter."""
    assert _made(Standardize(table=table), text) == expected


@pytest.mark.parametrize(
    ("lines", "table", "count"),
    [(COUNTRIES, Table.COUNTRIES, 250), (US_STATES, Table.US_STATES, 56)],
)
def test_no_spelling_in_a_table_means_two_things(lines: str, table: Table, count: int) -> None:
    """ISO 3166 has 249 countries, and Kosovo is not among them. A table is idempotent."""
    rows = [line.partition(" = ") for line in lines.strip().splitlines()]
    assert len(rows) == count
    for name, _, spellings in rows:
        for spelling in (name, *spellings.split("; ")):
            assert tables.LOOK_UP[table](spelling) == name


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice.FIRST, "b"),
        (Choice.LONGEST, [1, "long"]),
        (Choice.LATEST, "b"),
        (Choice.UNION, ["b", 1, "long"]),
    ],
)
def test_each_choice_of_a_merge(choice: Choice, expected: object) -> None:
    """Empty values never win, and of equals the one that is listed first does."""
    sources = [
        Source(" ", "2026-03"),
        Source("b", "2026-02"),
        Source([1, "long"], "2026-01"),
        Source("b", "2026-02"),
        Source(ABSENT, ""),
    ]
    work = chain.work(Merge(choice=choice))
    assert work(sources) == expected
    assert work(sources[:1]) is ABSENT


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Split(), ["Ada", "King,", "Countess"]),
        (Split(part=1), "Ada"),
        (Split(part=-1), "Countess"),
        (Split(part=4), ABSENT),
        (Split(part=-4), ABSENT),
        (Split(separator=","), ["Ada King", "Countess"]),
    ],
)
def test_split(settings: Split, expected: object) -> None:
    """First and last names are the first and the last part."""
    assert _made(settings, " Ada King,  Countess ") == expected
    assert _made(settings, 12) is ABSENT


def test_default_fills_only_what_is_empty() -> None:
    """False and 0 are values."""
    settings = Default(value="none")
    empty: list[Any] = [ABSENT, None, "", [], {}]
    assert [_made(settings, value) for value in empty] == ["none"] * 5
    assert [_made(settings, value) for value in (False, 0, "x")] == [False, 0, "x"]


def test_hash_is_sha256_of_what_advertisers_hash() -> None:
    """Trimmed and in lower case, so that both sides get the same digits."""
    expected = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"
    assert _made(Hash(), " Test@Example.com ") == expected
    assert _made(Hash(), [" Test@Example.com "]) == [expected]
    assert _made(Hash(normalize=False), " Test@Example.com ") != expected
    assert _made(Hash(), "") is ABSENT


def _made(settings: Settings, value: Any) -> Any:
    return chain.work(settings)([Source(value, "")])
