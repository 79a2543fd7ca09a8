"""The bench's tables: percentiles and what is published."""

from pathlib import Path

from bench.report import BEGIN, END, Row, percentile, publish, spread, table


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
    """The words around the numbers are written by hand."""
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")

    publish("new", page)
    publish("newer", page)

    assert f"before\n{BEGIN}\nnewer\n{END}\nafter\n" == page.read_text(encoding="utf-8")
