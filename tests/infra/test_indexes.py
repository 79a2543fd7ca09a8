"""A release changes at most one index of a table, because CloudFormation can do no more at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.scan import template
from infra.scan.indexes import impossible
from tests.upgrade import releases

STORAGE = "infra/stacks/storage.yaml"


def a_stack(**tables: dict[str, str]) -> dict[str, Any]:
    """A stack with tables: for each, the attribute that is the key of each index."""
    return {
        "Resources": {
            name: {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": index,
                            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
                            "Projection": {"ProjectionType": "ALL"},
                        }
                        for index, key in indexes.items()
                    ]
                },
            }
            for name, indexes in tables.items()
        }
    }


def test_this_release_can_follow_the_one_before() -> None:
    """An installation that cannot be updated keeps its data, and its bugs."""
    before = template.parse(releases.text(releases.last_tag(), STORAGE))
    assert [] == list(impossible(before, template.load(releases.ROOT / STORAGE)))


def test_every_table_is_where_the_releases_are_compared() -> None:
    """One in another stack would be changed unseen."""
    stacks = {table.stack for table in template.resources("AWS::DynamoDB::Table")}
    assert [releases.ROOT / STORAGE] == [template.files()[stack] for stack in stacks]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ({}, {"one": "a"}, ""),
        ({"one": "a"}, {}, ""),
        ({}, {"one": "a", "two": "b"}, "T: one, two are made or deleted at once"),
        ({"one": "a"}, {"two": "a"}, "T: one, two are made or deleted at once"),
        ({"one": "a"}, {"one": "b"}, "T: the index one has another key"),
    ],
)
def test_an_update_that_dynamodb_refuses_is_named(
    before: dict[str, str], after: dict[str, str], says: str
) -> None:
    """With the table and the indexes, and what to do instead."""
    found = list(impossible(a_stack(T=before), a_stack(T=after)))
    assert bool(says) == bool(found)
    assert "".join(found).startswith(says)


@given(indexes=st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=5))
def test_a_table_that_is_made_or_stays_as_it_is_may_have_any_number(
    indexes: dict[str, str],
) -> None:
    """Only changes of a table that has data take turns."""
    assert [] == list(impossible(a_stack(), a_stack(T=indexes)))
    assert [] == list(impossible(a_stack(T=indexes), a_stack(T=indexes)))
