"""The rows that a warehouse refuses are found by halves, and nothing else is blamed."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.warehouse.refusals import bad_rows


@given(rows=st.integers(0, 300), bad=st.sets(st.integers(0, 299), max_size=8))
def test_exactly_the_refused_rows_are_found(rows: int, bad: set[int]) -> None:
    """A good row that is left out is a loss; a bad one that stays stops the sync again."""
    bad = {number for number in bad if number < rows}

    def ask(part: range) -> str:
        return f"row {min(bad & set(part))}" if bad & set(part) else ""

    found = list(bad_rows(rows, ask, questions=10_000))
    assert [each.number for each in found] == sorted(bad)
    assert all(each.reason == f"row {each.number}" for each in found)


@given(bad=st.sets(st.integers(0, 999), min_size=1))
def test_no_more_questions_are_asked_than_are_allowed(bad: set[int]) -> None:
    """Each takes a warehouse seconds, and a function lives for minutes."""
    asked: list[range] = []

    def ask(part: range) -> str:
        asked.append(part)
        return "bad" if bad & set(part) else ""

    list(bad_rows(1_000, ask, questions=25))
    assert len(asked) <= 25


def test_a_file_that_is_taken_as_a_whole_costs_one_question() -> None:
    """The fault lies elsewhere then."""
    asked: list[range] = []

    def ask(part: range) -> str:
        asked.append(part)
        return ""

    assert list(bad_rows(1_000_000, ask)) == []
    assert asked == [range(1_000_000)]
