"""Thousands of wildcards, looked up in one pass, and each tried."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.matching.wildcards import WildcardTable, fits, split

TEXTS = st.text("ab.", max_size=12)
WILDCARDS = st.lists(st.text("ab.", max_size=3), min_size=1, max_size=7).map("*".join)


def tried(wildcards: list[str], text: str) -> int:
    """A bit for each wildcard that fits."""
    return sum(1 << n for n, wildcard in enumerate(wildcards) if fits(text, split(wildcard)))


@given(
    wildcards=st.lists(WILDCARDS.filter(lambda wildcard: "**" not in wildcard), unique=True),
    text=TEXTS,
)
def test_the_table_finds_exactly_the_wildcards_that_fit(wildcards: list[str], text: str) -> None:
    """The table takes away what a wildcard excludes, so it may not find one too many."""
    table = WildcardTable({wildcard: 1 << n for n, wildcard in enumerate(wildcards)})

    assert table.find(text) == tried(wildcards, text)


def test_literals_that_begin_or_end_with_each_other_are_all_found() -> None:
    """The end of one literal is another; a pass over the text must not step over it."""
    wildcards = [f"*{literal}*" for literal in ("she", "he", "hers", "e", "ushers", "h")]
    table = WildcardTable({wildcard: 1 << n for n, wildcard in enumerate(wildcards)})

    for text in ("ushers", "she", "xhex", "her", "hhers", ""):
        assert table.find(text) == tried(wildcards, text)


def test_a_wildcard_may_have_more_literals_than_are_looked_for() -> None:
    """The shortest are left to trying it."""
    wildcards = ["*aaa*bbb*ccc*ddd*e*", "*aaa*bbb*ccc*ddd*f*"]
    table = WildcardTable({wildcard: 1 << n for n, wildcard in enumerate(wildcards)})

    assert [table.find("aaabbbcccddd" + end) for end in ("e", "f", "ef", "")] == [1, 2, 3, 0]


def test_a_long_text_is_read_once_whatever_the_wildcards() -> None:
    """Whoever sends an event chooses the text; tried one by one, these would take minutes."""
    table = WildcardTable({f"*{'a' * n}b*": 1 << n for n in range(1, 1000)})

    assert table.find("a" * 100_000) == 0
