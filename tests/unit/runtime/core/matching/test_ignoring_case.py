"""Filters that ignore case: character by character, not text by text."""

import sys
from typing import Any

import pytest

from runtime.core.matching import ignoring_case
from tests.event_patterns import is_matched

EQUALS = "equals-ignore-case"


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"prefix": {EQUALS: "ΟΔΟΣ"}}, "ΟΔΟΣΑ", True),
        ({"prefix": {EQUALS: "ΟΔΟΣ"}}, "ΟΔΟΣΤΡΩΜΑ", True),
        ({"prefix": {EQUALS: "ΟΔΟΣ"}}, "οδοσα", True),
        ({"suffix": {EQUALS: "Σ"}}, "ΟΔΟΣ", True),
        ({"suffix": {EQUALS: "Σ"}}, "οδος", False),  # the final sigma is no form of `Σ` alone
        ({"suffix": {EQUALS: "ς"}}, "ΟΔΟΣ", True),
        ({EQUALS: "ΟΔΟΣ"}, "οδοσ", True),
        ({EQUALS: "οδος"}, "ΟΔΟΣ", True),
        ({"anything-but": {EQUALS: "ΟΔΟΣ"}}, "οδοσ", False),
        ({"anything-but": {EQUALS: "ΟΔΟΣ"}}, "οδος", True),
        ({"anything-but": {EQUALS: ["x", "ΟΔΟΣ"]}}, "ΟΔΟΣ", False),
        ({EQUALS: "straße"}, "STRASSE", True),
        ({EQUALS: "STRASSE"}, "straße", False),  # no character of it has `ß` for a form
        ({"anything-but": {EQUALS: "STRASSE"}}, "straße", True),
        ({"prefix": {EQUALS: "ß"}}, "SSL", True),
        ({"suffix": {EQUALS: "ß"}}, "PASS", True),
        ({"suffix": {EQUALS: "ß"}}, "PASs", False),
        ({EQUALS: "İ"}, "i\N{COMBINING DOT ABOVE}", True),
        ({EQUALS: "İ"}, "i", False),
        ({EQUALS: "\N{LATIN SMALL LETTER DOTLESS I}"}, "I", True),
        ({EQUALS: "I"}, "\N{LATIN SMALL LETTER DOTLESS I}", False),
        ({EQUALS: "s"}, "\N{LATIN SMALL LETTER LONG S}", False),  # upper-cased, both are `S`
        ({"anything-but": {EQUALS: "s"}}, "\N{LATIN SMALL LETTER LONG S}", True),
        ({EQUALS: "k"}, "\N{KELVIN SIGN}", False),
        ({EQUALS: "ŉ"}, "\N{MODIFIER LETTER APOSTROPHE}N", True),
        ({EQUALS: "😀Å"}, "😀å", True),
        ({EQUALS: "ǅ"}, "ǅ", True),
        ({EQUALS: "ǅ"}, "ǆ", True),
        ({EQUALS: ""}, "", True),
        ({EQUALS: ""}, "x", False),
        ({"prefix": {EQUALS: ""}}, "x", True),
        ({"suffix": {EQUALS: "abc"}}, "bc", False),
        ({EQUALS: "1"}, 1, False),
    ],
)
def test_each_character_has_its_own_forms(
    rule: dict[str, Any],
    value: object,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A beginning, an end and the whole must be compared by one rule, or a filter loses events."""
    assert is_matched({"x": [rule]}, {"x": value}) is expected


def test_every_form_of_every_character_has_the_key_that_the_index_looks_up() -> None:
    """A key that differed between two cases of a letter would hide a filter from its events."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        keys = {ignoring_case.key(form) for form in ignoring_case.forms(character)}

        assert len(keys) == 1, character


def test_no_form_of_a_character_is_the_beginning_or_the_end_of_another() -> None:
    """Else the first form that fits could be the wrong one, and the rest would not fit."""
    for code in range(sys.maxunicode + 1):
        forms = set(ignoring_case.forms(chr(code)))

        assert not any(
            one != other and (one.startswith(other) or one.endswith(other))
            for one in forms
            for other in forms
        ), chr(code)
