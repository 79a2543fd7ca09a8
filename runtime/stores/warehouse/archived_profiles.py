"""What was archived of profiles: the lake of a sync, and what the sync has not loaded yet."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.core.archive import raw_log as rows_of
from runtime.core.archive.raw_log import Kind
from runtime.core.archive.reconciliation import IdRange
from runtime.core.warehouse import plan, tables
from runtime.core.warehouse.sync import Sync
from runtime.errors import NotFound
from runtime.stores.archive.raw_log import RawLog
from runtime.stores.warehouse import duck
from runtime.stores.warehouse.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedProfiles:
    """Reads the revisions of profiles that a sync has loaded or will load."""

    raw_log: RawLog
    ledger: Ledger
    scratch: Path  # the folder for files while they are read

    def revisions(self, sync: Sync, part: IdRange) -> Mapping[str, int] | None:
        """The highest archived revision of each profile in a part of all ids, by id.

        None for a sync that has not begun: nothing can be said of it.
        """
        seq = self.ledger.progress(sync.tenant, sync.id).seq
        if seq is None:
            return None
        highest: dict[str, int] = {}
        # The lake comes last: what is loaded meanwhile is in what waited, or in both.
        for profile_id, revision in (
            *self._waiting(sync, part, after=seq),
            *self._loaded(sync, part),
        ):
            highest[profile_id] = max(revision, highest.get(profile_id, 0))
        return highest

    def _waiting(self, sync: Sync, part: IdRange, *, after: int) -> Iterator[tuple[str, int]]:
        for batch in self.raw_log.since(after):
            if batch.kind is not Kind.PROFILES or sync.tenant not in batch.counts:
                continue
            try:
                data = self.raw_log.bucket.get(batch.key)
            except NotFound:  # it has expired: what it had is lost unless the lake has it
                continue
            for row in rows_of.rows(data):
                if row["tenant"] == sync.tenant and part.first <= row["profile_id"] <= part.last:
                    yield row["profile_id"], row["revision"]

    def _loaded(self, sync: Sync, part: IdRange) -> Iterator[tuple[str, int]]:
        folder = f"{plan.lake_folder(sync.tenant, sync.id)}{tables.PROFILES.name}/"
        read: set[str] = set()
        # Files may be put together while they are read; then there are new ones in their place.
        while new := [key for key in self.raw_log.bucket.under(folder) if key not in read]:
            for key in new:
                read.add(key)
                yield from self._in_file(key, part)

    def _in_file(self, key: str, part: IdRange) -> list[tuple[str, int]]:
        with (
            tempfile.TemporaryDirectory(dir=self.scratch, prefix="reconcile-") as folder,
            duck.connect(self.scratch) as connection,
        ):
            path = Path(folder, "profiles.parquet")
            try:
                self.raw_log.bucket.fetch(key, to=path)
            except NotFound:
                return []
            return connection.execute(
                "SELECT profile_id, max(revision) FROM read_parquet($file)"
                " WHERE profile_id BETWEEN $first AND $last GROUP BY profile_id",
                {"file": str(path), "first": part.first, "last": part.last},
            ).fetchall()
