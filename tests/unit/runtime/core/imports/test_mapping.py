"""What columns become."""

from typing import Any

import pytest

from runtime.core.imports import mapping as mappings
from runtime.core.imports.mapping import Row
from runtime.errors import BadInput


def row(cells: dict[str, tuple[str, str]]) -> Row:
    """What cells say, by column: the target and the text."""
    targets = mappings.parse({column: target for column, (target, _) in cells.items()})
    return mappings.read_cells([(targets[column], cells[column][1]) for column in cells])


def test_each_cell_becomes_what_its_target_says() -> None:
    """Typed where the target says so; else a text, with the zeros before a postal code."""
    read = row(
        {
            "Mail": ("email", "ada@example.com"),
            "Card": ("names.loyalty_id", "L-1"),
            "ZIP": ("properties.zip", "01234"),
            "Age": ("properties.age:number", "36"),
            "VIP": ("properties.vip:boolean", "Yes"),
            "Tags": ("properties.tags:json", '["a", 1]'),
            "More": ("properties", '{"city": "London", "zip": "other"}'),
            "News": ("consent.email", "unsubscribed"),
            "SMS": ("consent.sms", "1"),
            "Empty": ("properties.note", "  "),
        }
    )

    assert {"email": "ada@example.com", "names": {"loyalty_id": "L-1"}} == read.profile
    assert {"email": False, "sms": True} == read.consents
    assert {
        "city": "London",
        "zip": "01234",
        "age": 36,
        "vip": True,
        "tags": ["a", 1],
    } == read.properties


def test_a_cell_that_our_export_has_escaped_is_read_as_it_was() -> None:
    """Else a phone number would come back with an apostrophe."""
    read = row({"a": ("phone", "'+4930123"), "b": ("properties.x", "=cmd")})

    assert ({"phone": "+4930123"}, {"x": "=cmd"}) == (read.profile, read.properties)


@pytest.mark.parametrize(
    ("target", "cell", "code"),
    [
        ("properties.age:number", "many", "bad_value"),
        ("properties.age:number", "true", "bad_value"),
        ("properties.age:number", "NaN", "bad_value"),
        ("properties.vip:boolean", "perhaps", "bad_value"),
        ("properties.tags:json", "[", "bad_value"),
        ("properties", "[1]", "bad_value"),
        ("consent.sms", "perhaps", "bad_consent"),
    ],
)
def test_a_value_of_another_type_is_refused_and_not_shown(
    target: str, cell: str, code: str
) -> None:
    """A list of faults holds nothing of what people have written."""
    with pytest.raises(BadInput) as refusal:
        row({"a": ("email", "ada@example.com"), "b": (target, cell)})

    assert code == refusal.value.code
    assert cell not in refusal.value.message or len(cell) == 1


@pytest.mark.parametrize(
    "mapping",
    [
        {},
        {"a": "properties.x"},
        {"a": "email", "b": "email"},
        {"a": "email", "b": "properties.x", "c": "properties.x:number"},
        {"a": "mail"},
        {"a": "email:number"},
        {"a": "email", "b": "consent.fax"},
        {"a": "email", "b": "properties."},
        {str(n): f"properties.p{n}" for n in range(501)},
    ],
)
def test_a_mapping_that_says_nothing_or_too_much_is_refused(mapping: dict[str, str]) -> None:
    """Before a file is uploaded for it."""
    with pytest.raises(BadInput) as refusal:
        mappings.parse(mapping)

    assert "bad_mapping" == refusal.value.code


@pytest.mark.parametrize("values", [[], [("email", None)], [("properties.x", 1)]])
def test_a_row_that_names_nobody_is_refused(values: list[tuple[str, Any]]) -> None:
    """It would change nothing, and nobody would know."""
    targets = mappings.parse({"a": "email", "b": "properties.x"})
    by_text = {"email": targets["a"], "properties.x": targets["b"]}
    with pytest.raises(BadInput) as refusal:
        mappings.read_values([(by_text[text], value) for text, value in values])

    assert "no_name" == refusal.value.code
