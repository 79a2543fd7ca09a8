"""What has arrived is in a real PostgreSQL, once, however it came."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.warehouse import tables
from runtime.core.warehouse.plan import LoadState
from runtime.errors import PenstockError, Permanent, Transient
from tests.builders import a_profile, an_event
from tests.planner_deaths import Death
from tests.postgresql_shop import Shop
from tests.warehouse_records import a_load
from tests.warehouse_staging import staged

CALLS_OF_A_RUN = 40  # more than one run makes


def test_events_and_profiles_land_with_their_values(shop: Shop) -> None:
    """An analyst must find each field as the producer sent it, properties as an object."""
    shop.world.archive(an_event(properties={"value": 14.5, "sku": "CD-1", "n": "a\0b\\u0000"}))
    shop.world.archive_profiles(a_profile(properties={"city": "Köln"}, email="ada@example.com"))

    (load,) = shop.load()

    assert (LoadState.LOADED, 2, 2) == (load.state, load.rows_in, load.rows_new)
    (event,) = shop.query(
        "SELECT *, properties->>'value' AS amount, received_at::text AS at FROM events"
    )
    assert ("evt_1", "14.5", 0) == (event["id"], event["amount"], event["hops"])
    assert "2026-11-20 13:04:05.123+00" == event["at"]
    assert {"value": 14.5, "sku": "CD-1", "n": "ab\\u0000"} == event["properties"]
    (profile,) = shop.query("SELECT * FROM profiles")
    assert ({"city": "Köln"}, "ada@example.com") == (profile["properties"], profile["email"])


def test_a_row_that_comes_again_in_any_way_is_there_once(shop: Shop) -> None:
    """Queues repeat: inside a batch, across batches of one load, and across loads."""
    shop.world.archive(an_event(id="a"), an_event(id="a"), an_event(id="b"))
    shop.world.archive(an_event(id="b"), an_event(id="c"))
    shop.load()
    shop.world.archive(an_event(id="c"), an_event(id="d"))
    (second,) = shop.load()

    assert ["a", "b", "c", "d"] == shop.ids()
    assert (2, 1) == (second.rows_in, second.rows_new)


def test_a_kill_between_any_two_steps_loses_and_doubles_nothing(shop: Shop) -> None:
    """The process may die before a call or after it took effect; the next one must finish it."""
    expected: list[str] = []
    for at in range(4, CALLS_OF_A_RUN, 7):
        again = expected[-1:]  # redelivered with the next batch
        arriving = [f"e{at:02d}a", f"e{at:02d}b"]
        shop.world.archive(*(an_event(id=name) for name in [*again, *arriving]))
        expected += arriving
        death = Death(at=at, after_effect=at % 2 == 0)
        shop.work(death)
        if not death.dead:
            break
        shop.work()
    else:
        pytest.fail("a run makes more calls than this test kills")

    assert expected == shop.ids()
    loads = shop.query("SELECT load_id, table_name FROM _loads ORDER BY 1, 2")
    assert shop.world.keys("manifest/") == [
        f"manifest/v1/{row['load_id']}/{row['table_name']}.json" for row in loads
    ]


def test_a_connection_that_breaks_in_the_middle_of_a_load_loads_nothing(shop: Shop) -> None:
    """Nobody hears whether the last statement has committed; the ledger says that it has not."""
    shop.world.archive(an_event(id="a"))
    shop.load()
    shop.world.pass_time(minutes=1)  # loads are listed by when they were planned
    shop.world.archive(an_event(id="b"))
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with shop.server.connect(shop.database) as other, shop.server.connect("postgres") as admin:
        other.execute("BEGIN")
        other.execute("LOCK TABLE penstock_acme._loads")
        loading = threading.Thread(target=shop.work)
        loading.start()
        while not (rows := admin.execute(waiting).fetchall()):
            pass
        admin.execute("SELECT pg_terminate_backend(%s)", [rows[0]["pid"]])
        other.execute("ROLLBACK")
        loading.join()

    assert ["a"] == shop.ids()
    (failed, _) = shop.world.runs()
    assert (LoadState.FAILED, "busy") == (failed.state, failed.error_code)
    shop.work()
    assert ["a", "b"] == shop.ids()


@pytest.mark.parametrize(("properties", "is_taken"), [('{"a": 1}', True), ('{"a": ', False)])
def test_rows_are_asked_about_without_leaving_a_trace(
    shop: Shop, tmp_path: Path, properties: str, *, is_taken: bool
) -> None:
    """The refused row of a load is found by such questions, and the others are loaded."""
    shop.world.archive(an_event(id="a"))
    shop.load()
    values = {"id": "'b'", "properties": f"'{properties}'", "hops": "0", "topic": "'metric.x'"}
    moment = {"occurred_at": "TIMESTAMP '2026-11-20'", "received_at": "TIMESTAMP '2026-11-20'"}
    given = {"tenant": "'acme'", "origin": "'api'", **values, **moment}
    columns = [f"{given.get(c.name, 'NULL')} AS {c.name}" for c in tables.EVENTS.columns]
    uri = staged(shop.world, tmp_path, f"SELECT {', '.join(columns)}")

    key = uri.removeprefix(f"s3://{shop.world.name}/")
    reason = shop.warehouse().refusal(a_load(), "events", key, schema="penstock_acme")

    assert is_taken == (reason == "")
    assert is_taken or reason.startswith("22P02 invalid input syntax for type json")
    assert ["a"] == shop.ids()


def test_rows_of_an_erased_profile_are_gone_and_never_load(shop: Shop) -> None:
    """An erasure is kept for good: late and replayed rows must not undo it."""
    shop.world.archive(an_event(id="gone", profile=ProfileRef(id="prf_1")), an_event(id="stays"))
    shop.world.archive_profiles(a_profile(id="prf_1"))
    shop.load()

    for _ in range(2):  # again changes nothing, and the counts are those of the first time
        removed = shop.warehouse().erase(
            shop.sync, ["prf_1"], request_id="job_1", erased_at="2026-11-21T00:00:00.000Z"
        )
        assert {"events": 1, "messages": 1, "profiles": 1, "profile_identities": 2} == removed
    shop.world.archive(an_event(id="late", profile=ProfileRef(id="prf_1")), an_event(id="other"))
    shop.world.archive_profiles(a_profile(id="prf_1"))
    shop.load()

    assert ["other", "stays"] == shop.ids()
    assert [] == shop.query("SELECT * FROM profiles")
    assert [{"profile_id": "prf_1", "events_removed": 1}] == shop.query(
        "SELECT profile_id, events_removed FROM _erasures"
    )


def test_two_syncs_with_schemas_of_one_name_on_two_servers_know_nothing_of_each_other(
    shop: Shop,
) -> None:
    """The tables of the second must be made, although a schema of that name has its tables."""
    shop.world.archive(an_event(id="a"))
    shop.load()
    other = shop.server.create_database(f"{shop.database}_other")
    second = replace(shop.sync, id="syn_2", settings={**shop.sync.settings, "database": other})
    shop.world.syncs.add(second)
    shop.world.planner().sync_one("acme", "syn_2")
    shop.database = other
    assert ["a"] == shop.ids()


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"user": "nobody"}, Permanent, "permission"),
        ({"port": "1"}, Transient, "warehouse_unreachable"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named_in_the_loads_record(
    shop: Shop, changes: dict[str, str], kind: type[PenstockError], code: str
) -> None:
    """An admin who mistyped the user must read so in the sync's own record."""
    shop.world.archive(an_event())
    shop.world.syncs.add(replace(shop.sync, settings={**shop.sync.settings, **changes}))
    with pytest.raises(kind):
        shop.load()
    (record,) = shop.world.runs()
    assert (LoadState.STAGED, code) == (record.state, record.error_code)
