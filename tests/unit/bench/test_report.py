"""The bench's tables: percentiles and what is published."""

from pathlib import Path

import pytest

from bench.__main__ import SECTIONS
from bench.report import BEGIN, END, PAGE, Row, percentile, publish, spread, table


def test_percentiles_of_a_hundred_are_the_expected_ones() -> None:
    """A p99 that is really the maximum would flatter nobody and blame somebody."""
    samples = [float(n) for n in range(101)]

    assert (50.0, 99.0) == (percentile(samples, 50), percentile(samples, 99))


def test_single_sample_is_every_percentile() -> None:
    """One sample has no spread, and is no reason to fail."""
    assert "7.0 / 7.0 ms" == spread([7.0], unit="ms")


def test_table_is_markdown() -> None:
    """The page shows it as it is printed."""
    rows = [Row(what="init", value="9 ms", how="one process")]

    assert "| what | value | how |\n|---|---|---|\n| init | 9 ms | one process |" == table(rows)


def test_publishing_replaces_only_what_stands_between_the_marks(tmp_path: Path) -> None:
    """The words around the numbers are written by hand, and other sections were measured before."""
    page = tmp_path / "performance.md"
    marks = BEGIN.format("init"), END.format("init")
    page.write_text(
        f"before\n{marks[0]}\nold\n{marks[1]}\nafter\n{BEGIN.format('flow')}\n", encoding="utf-8"
    )

    publish("init", "new", page=page)
    publish("init", "newer", page=page)

    text = page.read_text(encoding="utf-8")
    assert f"before\n{marks[0]}\nnewer\n{marks[1]}\nafter\n{BEGIN.format('flow')}\n" == text
    with pytest.raises(ValueError, match="no marks for the section flow"):
        publish("flow", "lost", page=page)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_has_a_place_for_each_section(section: str) -> None:
    """An hour of measuring would end without anywhere to write the numbers."""
    page = PAGE.read_text(encoding="utf-8")

    assert 1 == page.count(BEGIN.format(section)) == page.count(END.format(section))
