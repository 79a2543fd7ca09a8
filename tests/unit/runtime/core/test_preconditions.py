"""ETags: the same for the same record, another for every other."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core import preconditions
from runtime.errors import BadInput
from tests.builders import a_webhook

TAGS = st.lists(
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"], exclude_characters='" ')),
    min_size=1,
)


@dataclass(frozen=True)
class Record:
    """A record as stores have them."""

    value: Any
    added: str | None = None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Record((1, 2)), Record([1, 2])),
        (Record(15.0), Record(15)),
        (Record({"a": 1, "b": 2}), Record({"b": 2, "a": 1})),
        (Record({"a": Record(1)}), Record({"a": Record(1)})),
    ],
)
def test_a_record_has_the_etag_that_it_has_when_it_is_read_again(
    one: Record, other: Record
) -> None:
    """The answer to a change is made before the store gives the record back in its own form."""
    assert preconditions.etag(one) == preconditions.etag(other)


@pytest.mark.parametrize(
    "changes", [{"name": "m"}, {"timeout_s": 9}, {"filter": {"a": ["b"]}}, {"enabled": False}]
)
def test_every_change_makes_another_etag(changes: dict[str, Any]) -> None:
    """A change that the ETag does not show would be overwritten by who has not seen it."""
    assert a_webhook().etag != replace(a_webhook(), **changes).etag


@given(TAGS)
def test_a_list_of_etags_is_read_as_it_was_written(tags: list[str]) -> None:
    """Clients that know several states name them all."""
    header = " , ".join(f'"{tag}"' for tag in tags)

    assert frozenset(tags) == preconditions.if_match(header).etags
    assert all(preconditions.is_known(header, tag) for tag in tags)


@given(st.text(max_size=40))
def test_any_header_is_read_or_refused(header: str) -> None:
    """It comes from outside, so nothing else may come of it."""
    with suppress(BadInput):
        preconditions.if_match(header)
