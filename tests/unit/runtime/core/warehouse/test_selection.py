"""What a sync may take: tables that fit, topics that exist, columns that cannot collide."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core.warehouse import selection as selections
from runtime.core.warehouse import tables
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.errors import BadInput


def _column(**changes: Any) -> PromotedColumn:
    given: dict[str, Any] = {
        "table": "events",
        "name": "amount",
        "type": PromotedType.NUMBER,
        "path": "value",
    }
    return PromotedColumn(**given | changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tables": ("evnets",)}, "bad_tables"),
        ({"tables": ("messages",)}, "bad_tables"),  # without `events`, whose rows they follow
        ({"include_topics": ("message.fax.*",)}, "unknown_topic"),
        ({"exclude_topics": ("nonsense",)}, "unknown_topic"),
        ({"columns": (_column(table="messages"),)}, "bad_column"),
        ({"columns": (_column(name="Amount"),)}, "bad_column"),
        ({"columns": (_column(name="select"),)}, "bad_column"),
        ({"columns": (_column(name="a" * 64),)}, "bad_column"),
        ({"columns": (_column(name="topic"),)}, "bad_column"),
        ({"columns": (_column(name="load_id"),)}, "bad_column"),
        ({"columns": (_column(), _column(path="other"))}, "bad_column"),
        ({"columns": (_column(path=""),)}, "bad_column"),
        ({"columns": (_column(path="a..b"),)}, "bad_column"),
        ({"columns": (_column(path="a." * 8 + "a"),)}, "bad_column"),
        ({"columns": (_column(path="a\0"),)}, "bad_column"),
        (
            {"columns": tuple(_column(name=f"c{n}") for n in range(selections.MAX_COLUMNS + 1))},
            "bad_column",
        ),
    ],
)
def test_a_selection_that_cannot_be_is_refused(changes: dict[str, Any], code: str) -> None:
    """It would fail at the first load, far from whoever wrote it."""
    with pytest.raises(BadInput) as refused:
        selections.check(Selection(**changes))
    assert refused.value.code == code


def test_topics_are_kept_by_our_own_names() -> None:
    """Klaviyo's ids are taken, as everywhere."""
    checked = selections.check(Selection(include_topics=("event:api.placed_order",)))
    assert checked.include_topics == ("metric.placed_order",)


def test_columns_are_only_ever_added() -> None:
    """A column that went or changed its type would break the queries that read it."""
    old = Selection(columns=(_column(),))
    more = replace(old, columns=(*old.columns, _column(name="vip", type=PromotedType.BOOLEAN)))

    assert selections.check_change(old, more) == more
    for changed in (Selection(), Selection(columns=(_column(type=PromotedType.STRING),))):
        with pytest.raises(BadInput) as refused:
            selections.check_change(old, changed)
        assert refused.value.code == "column_changed"


def test_the_digest_tells_selections_apart() -> None:
    """It is part of a load's id: two selections must not share the files of one load."""
    several = [
        Selection(),
        Selection(tables=("events",)),
        Selection(include_topics=("metric.*",)),
        Selection(exclude_topics=("metric.*",)),
        Selection(columns=(_column(),)),
    ]
    assert len({each.digest for each in several}) == len(several)
    assert Selection().digest == ""


def test_every_column_of_ours_has_a_name_that_needs_no_quotes() -> None:
    """The same rule holds for us."""
    named = [column.name for table in tables.TABLES for column in table.columns]
    named += [column.name for columns in tables.OWN_TABLES.values() for column in columns]
    reserved = set(selections.RESERVED.split())
    assert not [name for name in named if name in reserved or name != name.lower()]
