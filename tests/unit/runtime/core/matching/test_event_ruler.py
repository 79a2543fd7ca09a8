"""Thousands of patterns and events, judged by AWS's own event-ruler: see tests/event_ruler."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from runtime.core.matching.facts import Facts
from runtime.core.matching.filter_index import FilterIndex
from runtime.core.matching.patterns import Pattern, compile_pattern
from runtime.errors import BadInput
from tests.event_patterns import is_matched
from tests.event_ruler.generator import KINDS
from tests.event_ruler.judge import CASES, DIFFERENCES, REPORTED, read

Case = dict[str, Any]
DOCS = Path(__file__).parents[5] / "docs/explanation/matching.md"
JUDGED: dict[str, list[Case]] = defaultdict(list)
for judged in read(CASES):
    JUDGED[judged["kind"]].append(judged)


def verdict(case: Case) -> bool | str:
    """Ours: whether the filter matches, asked itself and looked up, or `refused`."""
    try:
        return is_matched(case["pattern"], case["event"])
    except BadInput:
        return "refused"


@pytest.mark.parametrize("kind", KINDS)
def test_we_decide_as_aws_does(kind: str) -> None:
    """What a filter means must not depend on which of the two reads it."""
    assert len(JUDGED[kind]) >= 200
    assert [case for case in JUDGED[kind] if verdict(case) != case["verdict"]] == []


@pytest.mark.parametrize("case", read(REPORTED), ids=lambda case: case["about"])
def test_what_was_reported_as_wrong_is_right(case: Case) -> None:
    """Each of these was decided otherwise once."""
    assert verdict(case) == case["right"] == case["ruler"]


@pytest.mark.parametrize("case", read(DIFFERENCES), ids=lambda case: case["about"])
def test_where_we_differ_we_say_so(case: Case) -> None:
    """Each difference is one that somebody decided on, and gave a reason for."""
    assert verdict(case) == case["ours"]
    assert f"| {case['about']}" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "shapes"])
def test_an_index_of_all_these_filters_finds_those_that_match(kind: str) -> None:
    """Hundreds of filters in one index must not get into each other's way."""
    taken = [case for case in JUDGED[kind] if case["verdict"] != "refused"]
    filters = [compile_pattern(case["pattern"]) for case in taken]
    index = FilterIndex(filters)

    for case in taken[::5]:
        facts = Facts(case["event"])
        found: set[Pattern] = set(index.find(facts))
        assert found == {each for each in filters if each.fits(facts)}, case
