"""The SQL files that stand beside this one."""

from pathlib import Path
from typing import Final

from runtime.core.warehouse import sql
from runtime.core.warehouse.sql import Blocks

HERE: Final = Path(__file__).parent


def read_queries() -> Blocks:
    """The blocks of a load."""
    return sql.blocks((HERE / "queries.sql").read_text())


def read_migrations() -> tuple[Blocks, ...]:
    """The schema as first created, then each migration: the n-th brings a schema to version n."""
    files = [HERE / "schema.sql", *sorted((HERE / "migrations").glob("[0-9]*.sql"))]
    return tuple(sql.blocks(file.read_text()) for file in files)
