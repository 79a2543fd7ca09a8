"""The SQL files that stand beside this one."""

from pathlib import Path
from typing import Final

from runtime.core.warehouse import redshift
from runtime.core.warehouse.redshift import Blocks

HERE: Final = Path(__file__).parent


def read_queries() -> Blocks:
    """The blocks of `queries.sql`, by name: the statements of a load."""
    return redshift.blocks((HERE / "queries.sql").read_text())


def read_migrations() -> tuple[Blocks, ...]:
    """The schema as first created, then each migration: the n-th brings a schema to version n."""
    files = [HERE / "schema.sql", *sorted((HERE / "migrations").glob("[0-9]*.sql"))]
    return tuple(redshift.blocks(file.read_text()) for file in files)
