"""The files of the lake: which there are, whom they hold, and one without some people's rows."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runtime.core.archive import people
from runtime.core.ids import Key
from runtime.core.warehouse import plan
from runtime.core.warehouse.refresh import LakeFile
from runtime.errors import NotFound
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse import duck

PERSON: Final = "profile_id"  # the column of each table whose rows are about somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeFiles:
    """The Parquet files of every tenant's syncs, each with the index of its people."""

    bucket: Bucket
    scratch: Path  # the folder for files while they are worked on

    def syncs(self, tenant: str) -> Sequence[str]:
        """The ids of the tenant's syncs that have files, those of deleted ones too, in order."""
        return sorted(self.bucket.folders(plan.lake_folder(tenant)))

    def files(self, tenant: str, sync_id: str, *, after: str = "") -> Iterator[str]:
        """The keys of a sync's files that sort behind `after`, in order."""
        return self.bucket.under(plan.lake_folder(tenant, sync_id), after=after)

    def days(self, tenant: str, sync_id: str, table: str) -> Sequence[str]:
        """The days (YYYY-MM-DD) on which rows of a table arrived, in order."""
        folder = f"{plan.lake_folder(tenant, sync_id)}{table}/"
        return sorted(name.removeprefix("dt=") for name in self.bucket.folders(folder))

    def stored(self, tenant: str, sync_id: str, names: Collection[str]) -> Sequence[LakeFile]:
        """The files of these tables, as they stand now."""
        folder = plan.lake_folder(tenant, sync_id)
        return [
            LakeFile(*each)
            for name in names
            for each in self.bucket.contents_under(f"{folder}{name}/")
        ]

    def may_hold(self, key: str, erased: Collection[Key]) -> bool:
        """Whether rows of one of these people may be in a file: false only if there is none."""
        try:
            index = self.bucket.get(plan.people_key(key))
        except NotFound:  # the file is from before there were indexes
            return True
        return people.may_hold(index, erased)

    def publish(self, key: str, path: Path, *, tenant: str) -> None:
        """Store a file, its index first, so that no file is ever without one.

        What stands at the key is replaced: it is the same file, or one that has rows of people who
        were erased since.
        """
        with duck.connect(self.scratch) as connection:
            index = _index(_File(connection, path), tenant=tenant)
        self.bucket.put(plan.people_key(key), index)
        self.bucket.put(key, path.read_bytes())

    def take_out(self, key: str, erased: Collection[Key]) -> int:
        """Take the rows of these people of one tenant out of a file; returns how many there were.

        The file is replaced where it stands, and its other rows keep their order. Nobody else may
        change the sync's files meanwhile: the caller has its lease.
        """
        before = self.bucket.read(key)
        if before is None:
            return 0
        with (
            tempfile.TemporaryDirectory(dir=self.scratch, prefix="erase-") as folder,
            duck.connect(self.scratch) as connection,
        ):
            old = _File(connection, Path(folder, "before.parquet"))
            old.path.write_bytes(before.body)
            ids = [each.id for each in erased]
            removed = old.count(ids)
            if removed:
                new = old.without(ids, to=Path(folder, "after.parquet"))
                self.bucket.put(key, new.path.read_bytes())
                tenant = next(iter(erased)).tenant
                self.bucket.put(plan.people_key(key), _index(new, tenant=tenant))
        return removed


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

    def people(self) -> list[str]:
        """The ids of the people whom its rows are about."""
        if PERSON not in self.columns:
            return []
        rows = self.connection.execute(
            f"SELECT DISTINCT {PERSON} FROM read_parquet($file) WHERE {PERSON} IS NOT NULL",
            {"file": str(self.path)},
        ).fetchall()
        return [row[0] for row in rows]

    def count(self, erased: Sequence[str]) -> int:
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


def _index(file: _File, *, tenant: str) -> bytes:
    return people.index(Key(tenant, profile_id) for profile_id in file.people())
