"""Cells that a spreadsheet would run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core import formulas


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    """The spreadsheet then shows it, and does not run it."""
    assert f"'{text}" == formulas.escaped(text)


@given(st.text("'=+-@\t\ra", max_size=6) | st.text())
def test_what_is_escaped_is_read_as_it_was_and_starts_no_formula(text: str) -> None:
    """Also a text that looks escaped by itself; and nothing else gets an apostrophe."""
    cell = formulas.escaped(text)

    assert text == formulas.unescaped(cell)
    assert cell[:1] not in set("=+-@\t\r") or not cell
    assert cell in {text, f"'{text}"}
