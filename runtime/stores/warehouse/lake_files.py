"""The files of the lake: which there are, whom they hold, and one without some people's rows."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.core.archive import people
from runtime.core.ids import Key
from runtime.core.warehouse import plan
from runtime.core.warehouse.refresh import LakeFile
from runtime.errors import NotFound
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse import people_file
from runtime.stores.warehouse.lake_manifests import LakeManifests


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
        keys = self.bucket.under(plan.lake_folder(tenant, sync_id), after=after)
        return (key for key in keys if key.endswith(".parquet"))

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

    def of(self, tenant: str, sync_id: str) -> "SyncFiles":
        """The files of one sync."""
        return SyncFiles(lake=self, tenant=tenant, sync_id=sync_id)

    def publish(self, key: str, path: Path, *, tenant: str) -> None:
        """Store a file, its index first, so that no file is ever without one.

        What stands at the key is replaced: it is the same file, or one that has rows of people who
        were erased since.
        """
        index = people_file.index(path, tenant=tenant, scratch=self.scratch)
        self.bucket.put(plan.people_key(key), index)
        self.bucket.put(key, path.read_bytes())

    def take_out(self, key: str, erased: Collection[Key]) -> int:
        """Take the rows of these people of one tenant out of a file; returns how many there were.

        The file is replaced where it stands, its other rows keep their order, and what its manifest
        says of it comes true. Nobody else may change the sync's files meanwhile: the caller has its
        lease. The index comes last, so that whoever is killed meanwhile leaves one that leads here.
        """
        before = self.bucket.read(key)
        if before is None:
            return 0
        tenant = next(iter(erased)).tenant
        ids = [each.id for each in erased]
        after = people_file.without(before.body, ids, tenant=tenant, scratch=self.scratch)
        if after.removed:
            self.bucket.put(key, after.body)
        LakeManifests(bucket=self.bucket).correct(key, after)
        self.bucket.put(plan.people_key(key), after.people)
        return after.removed


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncFiles:
    """The files of one sync, for who takes people out of them."""

    lake: LakeFiles
    tenant: str
    sync_id: str

    def keys(self, *, after: str) -> Iterator[str]:
        """The keys of the files that sort behind `after`, in order."""
        return self.lake.files(self.tenant, self.sync_id, after=after)

    def may_hold(self, key: str, erased: Collection[Key]) -> bool:
        """Whether rows of one of these people may be in a file: false only if there is none."""
        return self.lake.may_hold(key, erased)

    def take_out(self, key: str, erased: Collection[Key]) -> int:
        """Take the rows of these people out of a file; returns how many there were."""
        return self.lake.take_out(key, erased)
