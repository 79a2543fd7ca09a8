"""What each vendor is told, as files to read; `python -m tests.golden_sql` writes them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from runtime.core.warehouse import sql
from runtime.core.warehouse.dialect import Dialect
from runtime.core.warehouse.dialects import bigquery, postgresql, redshift, snowflake, synapse
from runtime.core.warehouse.selection import PromotedColumn, PromotedType
from tests.warehouse_records import a_transaction, staged_tables

FOLDER: Final = Path(__file__).parent / "unit/runtime/core/warehouse/dialects/golden"
DIALECTS: Final[Mapping[str, Dialect]] = {
    "bigquery": bigquery.DIALECT,
    "postgresql": postgresql.DIALECT,
    "redshift": redshift.DIALECT,
    "snowflake": snowflake.DIALECT,
    "synapse": synapse.DIALECT,
}
AMOUNT: Final = PromotedColumn(
    table="events", name="amount", type=PromotedType.NUMBER, path="order.total"
)


def every_statement(dialect: Dialect) -> Iterator[str]:
    """All that a warehouse is ever told: a schema, a load of every table, questions, an erasure."""
    yield from sql.create_statements(dialect, schema="s")
    yield from sql.upgrade_statements(dialect, schema="s", version=1)
    yield sql.view_statement(dialect, schema="s")
    yield sql.add_column(dialect, AMOUNT.table, AMOUNT.column, schema="s")
    yield sql.registration(dialect, sql.promoted([AMOUNT]), schema="s")
    yield sql.registration(dialect, sql.published(), schema="s")
    yield from sql.load_statements(dialect, a_transaction(), staged_tables())
    yield from sql.probe_statements(dialect, a_transaction(), staged_tables("events")[0])
    yield sql.find_load(dialect, schema="s", load_id="0" * 32)
    yield from _erasure(dialect)
    yield sql.count_removed(dialect, schema="s", request_id="job_1")


def shown(dialect: Dialect) -> str:
    """The statements that a person checks: one table, its load, an erasure."""
    statements = (
        *(each for each in sql.create_statements(dialect, schema="s") if "profiles" in each),
        *sql.load_statements(dialect, a_transaction(), staged_tables("profiles")),
        *_erasure(dialect),
    )
    return "".join(f"{statement};\n" for statement in statements)


def _erasure(dialect: Dialect) -> Iterator[str]:
    for statements in sql.erasure_statements(
        dialect,
        schema="s",
        profile_ids=["o'\\prf\n_1"],
        request_id="job_1",
        erased_at="2026-11-20T13:04:05.123Z",
    ):
        yield from statements


if __name__ == "__main__":
    for vendor, dialect in DIALECTS.items():
        (FOLDER / f"{vendor}.sql").write_text(shown(dialect), encoding="utf-8")
