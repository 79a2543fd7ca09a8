"""The lake is asked as a warehouse is: each row once, as it is now, and nothing else in reach."""

from pathlib import Path

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.profiles.profile import NameClaim, Profile
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import BadInput, NotFound, Transient
from runtime.stores.warehouse.answer import Answer
from runtime.stores.warehouse.lake_query import LakeQuery
from tests.builders import an_event
from tests.warehouse import World
from tests.warehouse_records import a_sync


def _ask(world: World, sql: str, *, limit: int = 100, since: str = "") -> Answer:
    lake = LakeQuery(bucket=world.raw_log().bucket, tenant="acme")
    return lake.query(sql, limit=limit, wait_s=60, since=since)


def _load(world: World, sync_id: str = "syn_1") -> None:
    world.planner().sync_one("acme", sync_id)


def _profile(revision: int, **changes: object) -> Profile:
    return Profile(id="prf_1", tenant="acme", revision=revision, **changes)  # type: ignore[arg-type]


@pytest.fixture
def lake(world: World) -> World:
    """A world with a sync into the lake alone."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    return world


def test_each_event_is_there_once_with_its_properties(lake: World) -> None:
    """It came in two loads, and into the lakes of two syncs."""
    lake.archive(an_event(id="a", properties={"value": 14.5, "sku": "CD-1"}), an_event(id="b"))
    _load(lake)
    lake.archive(
        an_event(id="a", received_at="2026-11-20T14:00:00.000Z", properties={"value": 15}),
        an_event(id="foreign", tenant="other"),
    )
    _load(lake)
    lake.syncs.add(a_sync(id="syn_2", kind=DestinationKind.S3))
    _load(lake, "syn_2")

    answer = _ask(
        lake,
        "SELECT id, properties.value::DECIMAL(12, 2) AS value, received_at FROM events ORDER BY id",
    )

    assert [each.name for each in answer.columns] == ["id", "value", "received_at"]
    assert answer.rows[0] == ("a", "15.00", "2026-11-20 14:00:00")
    assert [row[0] for row in answer.rows] == ["a", "b"]
    assert _ask(lake, "SELECT id FROM penstock_acme.events", limit=1).total == 2


def test_a_person_has_the_names_of_the_latest_revision(lake: World) -> None:
    """Earlier revisions are in the lake, too, whichever of them was loaded last."""
    said = "2026-11-20T13:04:05.123Z|evt_0"
    mail = NameClaim("email", "ada@example.com", said, present=True)
    phone = NameClaim("phone", "+49301234567", said, present=True)
    lake.archive_profiles(_profile(2, names=(mail,), email=mail.value))
    _load(lake)
    lake.archive_profiles(_profile(1, names=(mail, phone), phone=phone.value))
    _load(lake)

    assert _ask(lake, "SELECT revision, email, phone FROM profiles").rows == (
        (2, "ada@example.com", None),
    )
    assert _ask(lake, "SELECT kind, value FROM profile_identities").rows == (
        ("email", "ada@example.com"),
    )
    lake.archive_profiles(_profile(3, merged_into="prf_0"))
    _load(lake)
    assert _ask(lake, "SELECT * FROM profile_identities").rows == ()
    assert _ask(lake, "SELECT profile_id, merged_into FROM profile_merges").rows == (
        ("prf_1", "prf_0"),
    )


def test_a_column_that_some_files_lack_is_empty_in_their_rows(lake: World) -> None:
    """A column was promoted mid-way; and tables are there before they have a file."""
    lake.archive(an_event(id="a", properties={"value": 1}))
    _load(lake)
    column = PromotedColumn(table="events", name="value", type=PromotedType.NUMBER, path="value")
    selection = Selection(columns=(column,))
    lake.syncs.add(a_sync(kind=DestinationKind.S3, selection=selection))
    lake.archive(an_event(id="b", properties={"value": 2}))
    _load(lake)

    assert _ask(lake, "SELECT id, value FROM events ORDER BY id").rows == (("a", None), ("b", 2.0))
    assert _ask(lake, "SELECT COUNT(*) FROM messages, profiles").rows == ((0,),)
    tables = LakeQuery(bucket=lake.raw_log().bucket, tenant="acme").tables(limit=999, wait_s=60)
    assert ("penstock_acme", "events", "value", "DOUBLE") in tables.rows
    assert {"events", "profiles", "profile_merges"} <= {row[1] for row in tables.rows}


def test_files_of_earlier_days_are_not_fetched(lake: World) -> None:
    """A year of a lake is much to fetch for last week's question."""
    lake.archive(
        an_event(id="old", received_at="2026-11-19T23:59:59.999Z"),
        an_event(id="new", received_at="2026-11-20T00:00:00.000Z"),
    )
    _load(lake)
    for key in lake.keys("lake/"):
        if "dt=2026-11-19" in key:
            lake.s3.put_object(Bucket=lake.name, Key=key, Body=b"no Parquet")

    assert _ask(lake, "SELECT id FROM events", since="2026-11-20").rows == (("new",),)
    with pytest.raises(BadInput) as failed:
        _ask(lake, "SELECT id FROM events")
    assert failed.value.code == "query_failed"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{folder}/secret')",
        "SELECT * FROM 'https://example.com/x.parquet'",
        "SELECT * FROM nowhere",
    ],
)
def test_a_statement_reaches_nothing_but_the_tables(lake: World, tmp_path: Path, sql: str) -> None:
    """Not a file of this machine, and not the network."""
    Path(tmp_path, "secret").write_text("word-of-ada", encoding="utf-8")
    lake.archive(an_event())
    _load(lake)

    with pytest.raises(BadInput) as failed:
        _ask(lake, sql.format(folder=tmp_path))

    assert failed.value.code == "query_failed"
    assert "word-of-ada" not in str(failed.value)


def test_every_kind_of_value_is_shown_as_the_data_api_shows_it(lake: World) -> None:
    """What JSON has no like of is a text."""
    lake.archive(an_event())
    _load(lake)
    sql = (
        "SELECT 1, 1.5::DOUBLE, 1.50::DECIMAL(4, 2), TRUE, NULL, DATE '2026-11-20', [1, NULL],"
        " 'a'::BLOB"
    )
    (row,) = _ask(lake, sql).rows
    assert row == (1, 1.5, "1.50", True, None, "2026-11-20", "[1, null]", "61")


def test_a_statement_that_takes_too_long_is_cancelled(lake: World) -> None:
    """It would go on after its reader has lost patience."""
    lake.archive(an_event())
    _load(lake)
    query = LakeQuery(bucket=lake.raw_log().bucket, tenant="acme")
    with pytest.raises(Transient) as cancelled:
        query.query(
            "SELECT SUM(a.range * b.range) FROM range(10000000) a, range(10000000) b",
            limit=1,
            wait_s=0.5,
        )
    assert cancelled.value.code == "query_timeout"


def test_a_tenant_without_a_lake_is_told_so(lake: World) -> None:
    """An empty table would say that nothing has happened."""
    with pytest.raises(NotFound) as gone:
        _ask(lake, "SELECT 1")
    assert gone.value.code == "no_lake"


def test_the_lake_says_what_the_warehouse_says(world: World) -> None:
    """Of the same rows, in the same words: one question for both."""
    world.syncs.add(a_sync())
    ada = ProfileRef(external_id="ada")
    for n in range(4):
        world.archive(
            *(
                an_event(id=f"{each}", profile=ada, properties={"value": each})
                for each in (n, n + 1)
            )
        )
        _load(world)
    sql = """SELECT DATE_TRUNC('month', occurred_at)::DATE AS month, COUNT(*) AS orders,
        SUM(properties.value::DECIMAL(12, 2)) AS dollars
        FROM penstock_acme.events GROUP BY 1 ORDER BY 1"""

    (row,) = world.query(sql)

    assert [tuple(row.values())] == list(_ask(world, sql).rows)
