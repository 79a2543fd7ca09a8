"""The worked examples of Klaviyo's help page on data transformations, with the same results.

https://help.klaviyo.com/hc/en-us/articles/17760400736539
"""

from typing import Any

import pytest

from runtime.core.transforms import parsing
from runtime.core.transforms.chain import Chain
from runtime.core.transforms.transform import Definition, Method


@pytest.mark.parametrize(
    ("settings", "value", "expected"),
    [
        ({"trim": True}, " ABC", "ABC"),
        ({"quotes": True}, "\u201cABC\u201d", "ABC"),
        ({"quotes": True}, '"ABC"', "ABC"),
        ({"special_characters": True}, "alex!", "alex"),
        ({"case": "title"}, "John doe", "John Doe"),
        ({"kind": "date"}, "09/30/2014", "2014-09-30"),
        ({"kind": "date_time"}, "09/30/2014 13:34:08", "2014-09-30 13:34:08.00"),
        ({"trim": True, "special_characters": True, "case": "title"}, '"alex!"', "Alex"),
    ],
)
def test_format(settings: dict[str, Any], value: str, expected: str) -> None:
    """The five options, and the example that chooses three of them."""
    assert _made(Method.FORMAT, settings, first_name=value) == expected


def _rules(*rules: tuple[str, list[Any], Any]) -> dict[str, Any]:
    return {
        "rules": [
            {"operator": operator, "values": values, "replacement": replacement}
            for operator, values, replacement in rules
        ]
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [("U.S.", "United States"), ("USA", "United States"), ("Great Britain", "United Kingdom")],
)
def test_standardize_equals(value: str, expected: str) -> None:
    """The rule is if and else: the first that holds decides, and without one the value stays."""
    settings = _rules(
        ("equals", ["U.S.", "USA"], "United States"), ("contains", ["Britain"], "United Kingdom")
    )
    assert _made(Method.STANDARDIZE, settings, country=value) == expected
    assert _made(Method.STANDARDIZE, settings, country="Peru") == "Peru"


def test_standardize_contains_replaces_the_whole_value() -> None:
    """So too on the page: not only the part that was found."""
    settings = _rules(("contains", ["blue"], "Blue"), ("contains", ["navy"], "Navy"))
    assert _made(Method.STANDARDIZE, settings, color="dark blue, navy") == "Blue"


def test_standardize_is_typed_and_takes_lists() -> None:
    """On the page a list is written [1,2,3]."""
    settings = _rules(("equals", [[1, 2, 3]], ["a"]), ("equals", [1], "one"))
    assert _made(Method.STANDARDIZE, settings, size=[1, 2, 3]) == ["a"]
    assert _made(Method.STANDARDIZE, settings, size=1) == "one"
    assert _made(Method.STANDARDIZE, settings, size="1") == "1"


def test_merge_takes_the_first_by_priority() -> None:
    """The order of the properties is their priority; an empty one does not count."""
    made = _made(
        Method.MERGE, {}, sources=("color", "colour", "fav"), color="", colour="red", fav="blue"
    )
    assert made == "red"


@pytest.mark.parametrize(
    ("method", "settings", "value", "expected"),
    [
        (Method.STANDARDIZE, {"table": "names"}, ' "alex!" ', "Alex"),
        (Method.STANDARDIZE, {"table": "countries"}, "U.S.", "United States"),
        (Method.STANDARDIZE, {"table": "countries"}, "USA", "United States"),
        (Method.STANDARDIZE, {"table": "us_states"}, "NY", "New York"),
        (Method.FORMAT, {"kind": "date"}, "May 1, 1990", "1990-05-01"),
    ],
)
def test_the_four_that_stand_ready(
    method: Method, settings: dict[str, Any], value: str, expected: str
) -> None:
    """First names, countries, states of the USA, birthdays."""
    assert _made(method, settings, it=value) == expected


def _made(
    method: Method, settings: dict[str, Any], sources: tuple[str, ...] = (), **properties: Any
) -> Any:
    definition = Definition(
        name="example",
        sources=sources or tuple(properties),
        target="transformed",
        settings=parsing.settings(method, settings),
    )
    return Chain([definition]).derive(properties, {}).values["transformed"]
