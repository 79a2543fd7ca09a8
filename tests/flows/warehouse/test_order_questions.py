"""CDNOW in, SQL out: each warehouse answers as a plain script over the text file does."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from examples.orders import answers
from examples.orders.events import envelopes, read_orders
from runtime.core.events import envelope
from tests.postgresql_shop import Shop
from tests.warehouse import World
from tests.warehouse_records import a_sync

FOLDER = Path(answers.__file__).parent
REPEATED = 500  # events that are delivered a second time, in a later load
QUESTIONS = tuple(answers.QUESTIONS)


def arrive(world: World) -> None:
    """The whole order log arrives, and a part of it once more, for a later load."""
    now = datetime(2026, 11, 20, 13, tzinfo=UTC).isoformat()
    sent = [envelope.parse(each, now=now) for each in envelopes(read_orders(), tenant="acme")]
    world.archive(*sent)
    world.planner().sync_one("acme", "syn_1")
    world.archive(*sent[-REPEATED:])
    world.planner().sync_one("acme", "syn_1")


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory, _aws: None) -> Iterator[World]:
    """A warehouse with the whole order log, of which a part was delivered twice."""
    world = World(tmp_path_factory.mktemp("orders"))
    world.syncs.add(a_sync())
    arrive(world)
    yield world
    world.close()


def expected(question: str) -> list[answers.Row]:
    """What the plain script says."""
    return answers.QUESTIONS[question](answers.lines())


def sql(question: str) -> str:
    """The question as the page asks it."""
    return (FOLDER / f"{question}.sql").read_text(encoding="utf-8")


def shown(rows: Sequence[Sequence[Any]]) -> list[answers.Row]:
    """Rows as text, as `penstock query --csv` prints them."""
    return [tuple(map(str, row)) for row in rows]


def test_the_script_reads_the_whole_log() -> None:
    """Else both sides could agree about a part of it."""
    assert len(answers.lines()) == 6_919
    assert expected("repeat")[0][0] == "2357"


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_page_asks_the_same(question: str) -> None:
    """What a reader copies is what is proven here."""
    page = Path("docs/howto/query.md").read_text(encoding="utf-8")
    assert f"`{question}.sql`:\n\n```sql\n{sql(question)}```" in page


@pytest.mark.parametrize("question", QUESTIONS)
def test_redshifts_stand_in_answers_as_the_script(orders: World, question: str) -> None:
    """By the very statement of the page, in the schema of the tenant."""
    rows = orders.query(sql(question).replace("FROM events", "FROM penstock_acme.events"))
    assert shown([tuple(row.values()) for row in rows]) == expected(question)


@pytest.mark.parametrize("question", QUESTIONS)
def test_duckdb_answers_as_the_script_from_the_lake(orders: World, question: str) -> None:
    """The lake has some events twice: the latest row of each counts."""
    folder = Path(tempfile.mkdtemp(dir=orders.folder))
    for number, key in enumerate(each for each in orders.keys("lake/") if "/events/" in each):
        body = orders.s3.get_object(Bucket=orders.name, Key=key)["Body"].read()
        (folder / f"{number}.parquet").write_bytes(body)
    with duckdb.connect() as lake:
        lake.execute(
            "CREATE VIEW events AS SELECT * REPLACE (CAST(properties AS JSON) AS properties)"  # noqa: S608 - ours
            f" FROM read_parquet('{folder}/*.parquet')"
            " QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY received_at DESC) = 1"
        )
        rows = lake.execute(sql(question)).fetchall()
    assert shown(rows) == expected(question)


def test_postgresql_answers_as_the_script(shop: Shop) -> None:
    """With PostgreSQL's own way into JSON, as the page says."""
    arrive(shop.world)
    for question in QUESTIONS:
        rows = shop.query(sql(question).replace("properties.value", "(properties->>'value')"))
        assert shown([tuple(row.values()) for row in rows]) == expected(question)
