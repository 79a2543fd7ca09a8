"""A sync takes the tables, topics and columns that it is told, and loses nothing of the rest."""

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.warehouse import tables
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.errors import Permanent
from tests.builders import an_event
from tests.warehouse import World
from tests.warehouse_records import a_sync


def _columns(*columns: tuple[str, PromotedType, str]) -> tuple[PromotedColumn, ...]:
    return tuple(
        PromotedColumn(table="events", name=name, type=kind, path=path)
        for name, kind, path in columns
    )


def test_message_events_have_a_typed_row_of_their_own(world: World) -> None:
    """What analysts ask of messages stands in columns, by Klaviyo's property names too."""
    world.syncs.add(a_sync())
    world.archive(
        an_event(
            id="ours",
            topic="message.email.clicked",
            properties={"campaign_id": "c-1", "url": "https://example.com/a", "message_id": "m-1"},
        ),
        an_event(
            id="theirs",
            topic="message.email.bounced",
            properties={"$flow": "f-1", "Bounce Type": "Hard", "Subject": "Hi"},
        ),
        an_event(id="other", topic="metric.placed_order"),
    )
    world.planner().sync_one("acme", "syn_1")
    wanted = "id, channel, action, campaign_id, flow_id, message_id, subject, link, bounce_type"
    rows = world.query(f"SELECT {wanted} FROM penstock_acme.messages ORDER BY id")  # noqa: S608 - ours
    assert [tuple(row.values()) for row in rows] == [
        ("ours", "email", "clicked", "c-1", None, "m-1", None, "https://example.com/a", None),
        ("theirs", "email", "bounced", None, "f-1", None, "Hi", None, "Hard"),
    ]


def test_a_sync_takes_the_tables_and_topics_of_its_choice(world: World) -> None:
    """Who pays for a warehouse by the row leaves out what nobody asks for."""
    selection = Selection(
        tables=("events",), include_topics=("metric.*",), exclude_topics=("metric.noise",)
    )
    world.syncs.add(a_sync(selection=selection))
    world.archive(
        an_event(id="kept", topic="metric.placed_order"),
        an_event(id="noise", topic="metric.noise"),
        an_event(id="mail", topic="message.email.opened"),
    )
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert world.ids() == ["kept"]
    assert load.tables.keys() == {"events"}


def test_a_promoted_column_has_the_values_of_its_type_and_the_rest_is_said(world: World) -> None:
    """A value of another type is NULL in its column, stays in `properties`, and is named."""
    columns = _columns(
        ("amount", PromotedType.NUMBER, "value"),
        ("vip", PromotedType.BOOLEAN, "customer.vip"),
        ("city", PromotedType.STRING, "customer.home city"),
        ("due", PromotedType.TIMESTAMP, "due"),
    )
    world.syncs.add(a_sync(selection=Selection(columns=columns)))
    good = {
        "value": 12.5,
        "customer": {"vip": True, "home city": "Köln"},
        "due": "2026-11-20T13:00:00+01:00",
    }
    odd = {"value": "12.5", "customer": {"vip": None, "home city": ["Köln"]}, "due": "soon"}
    world.archive(an_event(id="good", properties=good), an_event(id="odd", properties=odd))
    world.planner().sync_one("acme", "syn_1")

    first, second = world.query(
        "SELECT amount, vip, city, due, _meta, properties FROM penstock_acme.events ORDER BY id"
    )
    assert (first["amount"], first["vip"], first["city"]) == (12.5, True, "Köln")
    assert first["due"] == "2026-11-20 12:00:00"
    assert first["_meta"] is None
    assert (second["amount"], second["vip"], second["city"], second["due"]) == (None,) * 4
    assert json.loads(second["properties"]) == odd
    assert json.loads(second["_meta"]) == [
        {"column": "amount", "path": "value", "reason": "not a number"},
        {
            "column": "city",
            "path": "customer.home city",
            "reason": "not a string of ≤ 65535 bytes",
        },
        {"column": "due", "path": "due", "reason": "not an ISO 8601 time"},
    ]


def test_a_column_that_is_promoted_mid_way_is_added_and_older_rows_have_null(world: World) -> None:
    """It is added in a call of its own, once, and `_schema` says where its values come from."""
    sync = world.syncs.add(a_sync())
    world.archive(an_event(id="before", properties={"value": 1}))
    world.planner().sync_one("acme", "syn_1")
    columns = _columns(("amount", PromotedType.NUMBER, "value"))
    world.syncs.add(replace(sync, selection=Selection(columns=columns)))
    for name in ("after", "later"):
        world.archive(an_event(id=name, properties={"value": 2}))
        world.planner().sync_one("acme", "syn_1")

    assert world.query("SELECT id, amount FROM penstock_acme.events ORDER BY id") == [
        {"id": "after", "amount": 2.0},
        {"id": "before", "amount": None},
        {"id": "later", "amount": 2.0},
    ]
    registered = world.query(
        "SELECT table_name, column_type, path FROM penstock_acme._schema"
        " WHERE column_name = 'amount'"
    )
    assert registered == [{"table_name": "events", "column_type": "double", "path": "value"}]
    ours = world.query("SELECT COUNT(*) AS n FROM penstock_acme._schema WHERE path IS NULL")
    assert ours[0]["n"] == sum(len(table.columns) for table in tables.TABLES)


def test_a_column_that_a_killed_run_has_added_is_no_error(world: World) -> None:
    """The call may have taken effect without its answer being read."""
    sync = world.syncs.add(a_sync())
    world.archive(an_event(id="before"))
    world.planner().sync_one("acme", "syn_1")
    world.query("ALTER TABLE penstock_acme.events ADD COLUMN amount DOUBLE PRECISION")
    columns = _columns(("amount", PromotedType.NUMBER, "value"))
    world.syncs.add(replace(sync, selection=Selection(columns=columns)))
    world.archive(an_event(id="after", properties={"value": 3}))
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert load.state is LoadState.LOADED
    assert world.query("SELECT amount FROM penstock_acme.events WHERE id = 'after'") == [
        {"amount": 3.0}
    ]


def test_a_selection_that_changes_under_an_open_load_plans_it_again(world: World) -> None:
    """Files of the old columns must not meet a table of the new ones."""
    columns = _columns(("amount", PromotedType.NUMBER, "value"))
    sync = world.syncs.add(a_sync())
    world.archive(an_event(id="a", properties={"value": 4}))
    with pytest.raises(Permanent):  # before it is submitted
        world.planner(workgroup="").sync_one("acme", "syn_1")
    world.syncs.add(replace(sync, selection=Selection(columns=columns)))
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.state, load.selection.columns) == (LoadState.LOADED, columns)
    assert world.query("SELECT amount FROM penstock_acme.events") == [{"amount": 4.0}]


def test_rows_that_the_warehouse_refuses_are_set_aside_and_the_rest_is_loaded(
    world: World,
) -> None:
    """One bad row must not stop a tenant's sync for good, nor vanish."""
    world.syncs.add(a_sync())
    bad = an_event(id="bad", profile=ProfileRef(id="p" * 1_100))  # longer than its column
    world.archive(an_event(id="a"), bad, *(an_event(id=f"b{n}") for n in range(5)))
    (load,) = world.planner().sync_one("acme", "syn_1")

    assert (load.state, load.discarded) == (LoadState.LOADED, 2)
    assert [(each.table, each.key) for each in load.refused] == [
        ("events", ("bad",)),
        ("messages", ("bad",)),
    ]
    assert world.ids() == ["a", *(f"b{n}" for n in range(5))]
    discards = _discards(world)
    assert [(each["table"], each["key"]) for each in discards] == [
        ("events", "bad"),
        ("messages", "bad"),
    ]
    assert "too long" in discards[0]["reason"].lower()
    assert discards[0]["row"]["profile_id"] == "p" * 1_100
    (entered,) = world.query(
        "SELECT rows_in, rows_discarded FROM penstock_acme._loads WHERE table_name = 'events'"
    )
    assert entered == {"rows_in": 6, "rows_discarded": 1}


def test_a_sync_goes_on_after_rows_were_refused(world: World) -> None:
    """The next load has nothing to do with them."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="bad", profile=ProfileRef(id="p" * 1_100)))
    world.planner().sync_one("acme", "syn_1")
    world.archive(an_event(id="good"))
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.refused, world.ids()) == ((), ["good"])


def _discards(world: World) -> list[dict[str, Any]]:
    keys = world.keys("discard/v1/acme/")
    body = world.s3.get_object(Bucket=world.name, Key=keys[-1])["Body"].read()
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]
