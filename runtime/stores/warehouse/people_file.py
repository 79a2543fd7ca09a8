"""Parquet files of many people: whom one holds, and the same without the rows of some."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from runtime.core.archive import people
from runtime.core.ids import Key
from runtime.stores.warehouse import duck

PERSON: Final = "profile_id"  # the column of each table whose rows are about somebody


class Rewritten(NamedTuple):
    """A file without the rows of some people."""

    body: bytes  # as it was if it has none of them
    removed: int  # how many rows of theirs there were
    rows: int  # how many are left
    people: bytes  # the index of those who are left


def index(path: Path, *, tenant: str, scratch: Path) -> bytes:
    """The index of the people whom the rows of a tenant's local file are about."""
    with duck.connect(scratch) as connection:
        return _File(connection, path).index(tenant)


def count(path: Path, *, scratch: Path) -> int:
    """How many rows a local file has."""
    with duck.connect(scratch) as connection:
        return _File(connection, path).count()


def without(body: bytes, erased: Sequence[str], *, tenant: str, scratch: Path) -> Rewritten:
    """A tenant's file without the rows of these profiles; the others keep their order."""
    with (
        tempfile.TemporaryDirectory(dir=scratch, prefix="erase-") as folder,
        duck.connect(scratch) as connection,
    ):
        file = _File(connection, Path(folder, "before.parquet"))
        file.path.write_bytes(body)
        removed = file.count_of(erased)
        if removed:
            file = file.without(erased, to=Path(folder, "after.parquet"))
        return Rewritten(
            body=file.path.read_bytes(),
            removed=removed,
            rows=file.count(),
            people=file.index(tenant),
        )


@dataclass(frozen=True, slots=True)
class _File:
    """A Parquet file on local disk."""

    connection: Any  # of DuckDB
    path: Path

    @property
    def columns(self) -> frozenset[str]:
        """The names of its columns."""
        rows = self.connection.execute(
            "SELECT name FROM parquet_schema($file)", {"file": str(self.path)}
        ).fetchall()
        return frozenset(row[0] for row in rows)

    def index(self, tenant: str) -> bytes:
        """The index of the people whom its rows are about."""
        if PERSON not in self.columns:
            return people.index(())
        rows = self.connection.execute(
            f"SELECT DISTINCT {PERSON} FROM read_parquet($file) WHERE {PERSON} IS NOT NULL",
            {"file": str(self.path)},
        ).fetchall()
        return people.index(Key(tenant, row[0]) for row in rows)

    def count(self) -> int:
        """How many rows it has."""
        (count,) = self.connection.execute(
            "SELECT count(*) FROM read_parquet($file)", {"file": str(self.path)}
        ).fetchone()
        return int(count)

    def count_of(self, erased: Sequence[str]) -> int:
        """How many rows have something of these people."""
        if PERSON not in self.columns:
            return 0
        (count,) = self.connection.execute(
            f"SELECT count(*) FROM read_parquet($file) WHERE {self._is_of_erased}",
            {"file": str(self.path), "erased": erased},
        ).fetchone()
        return int(count)

    def without(self, erased: Sequence[str], *, to: Path) -> "_File":
        """The file without the rows that have something of these people, in the same order."""
        self.connection.execute(
            f"""COPY (SELECT * FROM read_parquet($file)
                WHERE {PERSON} IS NULL OR NOT ({self._is_of_erased}))
                TO '{to}' (FORMAT parquet, COMPRESSION zstd)""",
            {"file": str(self.path), "erased": erased},
        )
        return _File(self.connection, to)

    @property
    def _is_of_erased(self) -> str:
        """The condition; a row that says that a profile is deleted has nothing but its id."""
        condition = f"{PERSON} IN (SELECT unnest($erased))"
        return f"{condition} AND NOT deleted" if "deleted" in self.columns else condition
