"""Regular expressions of rules: what they match, what is refused, and that none runs for long."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.transforms.pattern import MAX_STATES, MAX_TEXT_CHARS, Pattern
from runtime.errors import BadInput

_ATOMS = st.sampled_from(
    ["a", "b", ".", r"\d", r"\W", r"\s", "[ab]", "[^a]", "[a-b0-9]", r"\.", r"[\d-]", "-"]
)
_BODIES = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=2).map(lambda both: f"({both[0]}|{both[1]})"),
    ),
    max_leaves=8,
)
_ALTERNATIVES = st.tuples(st.sampled_from(["", "^"]), _BODIES, st.sampled_from(["", "$"]))
_PATTERNS = st.lists(_ALTERNATIVES.map("".join), min_size=1, max_size=2).map("|".join)


@given(pattern=_PATTERNS, text=st.text("ab1. -\n", max_size=8))
def test_a_pattern_matches_what_the_standard_library_finds(pattern: str, text: str) -> None:
    r"""Users know the syntax from there; `$` is the very end, as `\Z` is."""
    expected = re.search(pattern.replace("$", r"\Z"), text) is not None
    assert Pattern(pattern).matches(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("straße|ÖL", "STRAßE"), ("^[a-z]+$", "ABC"), ("öl", "ÖL"), (r"\d [AP]M", "5 pm")],
)
def test_case_is_ignored_where_that_is_asked_for(pattern: str, text: str) -> None:
    """People write their cities in all ways."""
    assert Pattern(pattern, ignore_case=True).matches(text)
    assert not Pattern(pattern).matches(text)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "^(a|a)*$", "(.*a){12}$", "([a-z]*)*[0-9]", "(a|b)*a(a|b){100}c$", "(a?){100}c"],
)
def test_no_pattern_runs_for_long(pattern: str) -> None:
    """The standard library would need longer than the universe has for some of these."""
    compiled = Pattern(pattern)
    before_s = process_time()
    for text in ("a" * (MAX_TEXT_CHARS - 1) + "!", "ab" * (MAX_TEXT_CHARS // 2)):
        assert not compiled.matches(text)
    assert process_time() - before_s < 1


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "",
            "(",
            ")",
            "a)",
            "[",
            "[]",
            "a**",
            "*a",
            "{2}",
            "a{2",
            "a{5,2}",
            "a{101}",
            "\\",
            r"\b",
        ),
        *(r"(a)\1", "(?=a)", "(?<!a)b", "(?i)a", "(?P<x>a)", "a++", "a$b", "(^a)", "(a$)", "a^"),
        *("[z-a]", "[[:alpha:]]", "a" * 257, "(" * 21 + "a" + ")" * 21),
    ],
)
def test_what_an_automaton_cannot_match_is_refused(pattern: str) -> None:
    """A pattern that would mean something else than in other tools must not be taken."""
    with pytest.raises(BadInput) as refusal:
        Pattern(pattern)
    assert refusal.value.code == "bad_pattern"


@pytest.mark.parametrize("pattern", ["(a{100}){3}", "((((){100}){100}){100}){100}"])
def test_a_pattern_that_grows_too_large_is_refused(pattern: str) -> None:
    """Repeats are written out, so a short pattern may be a huge one."""
    with pytest.raises(BadInput, match=str(MAX_STATES)):
        Pattern(pattern)


def test_a_text_over_the_limit_matches_nothing() -> None:
    """This is the bound on what one value may cost."""
    assert Pattern("a").matches("a" * MAX_TEXT_CHARS)
    assert not Pattern("a").matches("a" * (MAX_TEXT_CHARS + 1))
