"""What a warehouse has besides events and profiles: names and merges."""

import re
from dataclasses import replace

from infra.local.redshift.client import query
from runtime.core.events.envelope import ProfileRef
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import NameClaim, Profile
from runtime.core.warehouse import sql, tables
from runtime.core.warehouse.dialects import redshift
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.tables import Table
from tests.builders import NOW, an_event
from tests.warehouse import World
from tests.warehouse_records import a_sync


def _person(profile_id: str, *names: tuple[str, str], revision: int = 1) -> Profile:
    return Profile(
        tenant="acme",
        id=profile_id,
        revision=revision,
        names=tuple(NameClaim(kind, value, f"{NOW}|evt_1", present=True) for kind, value in names),
        updated_at=NOW,
    )


def test_events_under_any_name_of_a_person_are_joined_to_one_profile(world: World) -> None:
    """An event knows the person by its own strongest name; a merge changes no event."""
    world.syncs.add(a_sync())
    world.archive(
        an_event(id="by_mail", profile=ProfileRef(email="ada@example.com")),
        an_event(id="by_number", profile=ProfileRef(external_id="c-1")),
    )
    world.archive_profiles(_person("prf_1", ("email", "ada@example.com"), ("external_id", "c-1")))
    world.planner().sync_one("acme", "syn_1")
    joined = (
        "SELECT e.id, i.profile_id, i.kind FROM penstock_acme.events e"
        " JOIN penstock_acme.profile_identities i ON i.event_profile_id = e.profile_id ORDER BY 1"
    )
    assert [tuple(row.values()) for row in world.query(joined)] == [
        ("by_mail", "prf_1", "email"),
        ("by_number", "prf_1", "external_id"),
    ]


def test_a_name_that_is_taken_away_goes_and_an_older_snapshot_brings_it_not_back(
    world: World,
) -> None:
    """The names are those of the latest revision, in whichever order snapshots arrive."""
    world.syncs.add(a_sync())
    older = _person("prf_1", ("email", "old@example.com"), ("phone", "+491701234567"))
    newer = _person("prf_1", ("email", "new@example.com"), revision=2)
    for snapshot in (older, newer, older):
        world.archive_profiles(snapshot)
        world.planner().sync_one("acme", "syn_1")
    assert world.query("SELECT kind, value FROM penstock_acme.profile_identities") == [
        {"kind": "email", "value": "new@example.com"}
    ]


def test_a_merge_moves_the_names_and_stands_in_its_view(world: World) -> None:
    """Who was merged into whom is known for good; the names lead to the survivor alone."""
    world.syncs.add(a_sync())
    loser = _person("prf_2", ("email", "ada@example.com"))
    world.archive_profiles(_person("prf_1", ("external_id", "c-1")), loser)
    world.planner().sync_one("acme", "syn_1")
    redirect = replace(profiles.redirect(loser, into="prf_1"), revision=2, updated_at=NOW)
    both = _person("prf_1", ("external_id", "c-1"), ("email", "ada@example.com"), revision=2)
    world.archive_profiles(redirect, both)
    world.planner().sync_one("acme", "syn_1")

    names = "SELECT profile_id, kind FROM penstock_acme.profile_identities ORDER BY kind"
    assert world.query(names) == [
        {"profile_id": "prf_1", "kind": "email"},
        {"profile_id": "prf_1", "kind": "external_id"},
    ]
    merges = "SELECT profile_id, merged_into FROM penstock_acme.profile_merges"
    assert world.query(merges) == [{"profile_id": "prf_2", "merged_into": "prf_1"}]


def test_a_warehouse_of_before_gets_what_it_lacks(world: World) -> None:
    """Tenants loaded before these tables and columns were thought of; their rows stay."""
    schema = "penstock_acme"
    loader = world.client("redshift-data")  # the tables are its own
    query(loader, f"CREATE SCHEMA {schema}")
    for table in (tables.EVENTS, tables.PROFILES):
        query(loader, _as_first_published(table, schema=schema))
    for name in (tables.LOADS, tables.ERASURES):
        (created,) = [
            each
            for each in sql.create_statements(redshift.DIALECT, schema=schema)
            if f"{schema}.{name} " in each
        ]
        query(loader, re.sub(r", \w+_removed BIGINT( ENCODE az64)?", "", created))
    world.ledger().claim_schema(schema, tenant="acme")
    world.ledger().set_schema_version(schema, version=1)
    world.syncs.add(a_sync())
    world.archive(an_event())
    world.archive_profiles(_person("prf_1", ("email", "ada@example.com")))

    (load,) = world.planner().sync_one("acme", "syn_1")
    assert load.state is LoadState.LOADED
    assert world.query(f"SELECT events_removed FROM {schema}._erasures") == []  # noqa: S608 - ours
    assert world.ledger().claim_schema(schema, tenant="acme") == tables.SCHEMA_VERSION
    assert world.query(f"SELECT _meta, load_id FROM {schema}.events") == [  # noqa: S608 - ours
        {"_meta": None, "load_id": load.load_id}
    ]


def _as_first_published(table: Table, *, schema: str) -> str:
    """The DDL of a table as version 1 had it."""
    columns = tuple(column for column in table.columns if column.since == 1)
    first = replace(table, columns=columns)
    return sql.create_table(redshift.DIALECT, first, schema=schema)


def test_a_first_load_makes_its_tables_in_few_statements(world: World) -> None:
    """A warehouse takes a second for each, and a run does not wait for a hundred of them."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    world.planner().sync_one("acme", "syn_1")

    listed = world.client("redshift-data").list_statements()["Statements"]
    sqls = [sql for one in listed for sql in one.get("QueryStrings", [])]
    entered = [sql for sql in sqls if sql.startswith("INSERT INTO penstock_acme._schema")]
    assert len(entered) == 1
    (count,) = world.query("SELECT COUNT(*) AS n FROM penstock_acme._schema")
    assert count["n"] == sum(len(table.columns) for table in tables.TABLES)
