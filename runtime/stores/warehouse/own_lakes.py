"""Takes people out of the files of syncs that stand in buckets of tenants' own."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runtime.core.archive import people
from runtime.core.ids import Key
from runtime.core.page import Page, every
from runtime.core.warehouse import manifest, own_files, plan, tables
from runtime.core.warehouse.own_files import OwnFile
from runtime.core.warehouse.settings import s3
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.errors import NotFound
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse import people_file
from runtime.stores.warehouse.own_bucket import Connect, Objects
from runtime.stores.warehouse.people_file import Rewritten


class Configured(Protocol):
    """The syncs, as tenants have set them up."""

    def list(self, tenant: str, /, *, after: str | None = None, limit: int = 50) -> Page[Sync]:
        """A tenant's syncs, by id."""

    def get(self, tenant: str, sync_id: str, /) -> Sync:
        """One sync.

        Raises:
            NotFound: code `sync_not_found`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLakes:
    """The files of every tenant's syncs, in buckets of their own."""

    configured: Configured
    connect: Connect
    ours: Bucket  # which has the lake, and the index of the people of each file
    scratch: Path  # the folder for files while they are worked on

    def syncs(self, tenant: str) -> Sequence[str]:
        """The ids of the tenant's syncs whose files are in a bucket of its own, in order.

        One that has nothing in our lake has nothing there either, because loads come to the lake
        first; its role may not trust us yet. Other kinds name a bucket, too, but keep nothing there
        when a load is done.
        """
        of_tenant = every(lambda after: self.configured.list(tenant, after=after))
        loaded = set(self.ours.folders(plan.lake_folder(tenant)))
        return sorted(
            sync.id
            for sync in of_tenant
            if sync.kind is DestinationKind.S3
            and s3.own_bucket(sync.settings) is not None
            and sync.id in loaded
        )

    def of(self, tenant: str, sync_id: str) -> "OwnFiles":
        """The files of one sync.

        Raises:
            Permanent: code `permission` or `bucket_missing`.
        """
        sync = self.configured.get(tenant, sync_id)
        bucket = s3.bucket_of(sync.settings)
        return OwnFiles(
            objects=Objects.of(bucket, connect=self.connect, external_id=sync_id),
            lakes=self,
            tenant=tenant,
            sync_id=sync_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFiles:
    """The files of one sync that may have rows about somebody."""

    objects: Objects
    lakes: OwnLakes
    tenant: str
    sync_id: str

    def keys(self, *, after: str) -> Iterator[str]:
        """The keys of the files that sort behind `after`, in order."""
        for table in sorted(each.name for each in tables.OF_PEOPLE):
            prefix = self.objects.key(f"{table}/dt=")
            for key in self.objects.keys(prefix, after=after):
                if own_files.of_key(key, prefix=self.objects.bucket.prefix) is not None:
                    yield key

    def may_hold(self, key: str, erased: Collection[Key]) -> bool:
        """Whether rows of one of these people may be in a file: false only if there is none."""
        try:
            index = self.lakes.ours.get(self._people_key(key))
        except NotFound:  # the file is from before there were indexes of own buckets
            return True
        return people.may_hold(index, erased)

    def take_out(self, key: str, erased: Collection[Key]) -> int:
        """Take the rows of these people out of a file; returns how many there were.

        The file is replaced where it stands, and what its manifest says of it comes true. Versions
        of before are deleted: they are the same file, or have people who were erased. The index
        comes last, so that whoever is killed meanwhile leaves one that leads here again.
        """
        before = self.objects.read(key)
        if before is None:  # somebody has deleted it, and versions may be left
            self.objects.forget_versions(key)
            return 0
        ids = [each.id for each in erased]
        after = people_file.without(
            before.body, ids, tenant=self.tenant, scratch=self.lakes.scratch
        )
        if after.removed:
            self.objects.replace(key, after.body, old=before)
        self.objects.forget_versions(key)
        self._correct(key, after)
        self.lakes.ours.put(self._people_key(key), after.people)
        return after.removed

    def _correct(self, key: str, file: Rewritten) -> None:
        """Have the manifest of a file's load say of the file what is true."""
        place = self.objects.key(self._named(key).manifest_path)
        stored = self.objects.read(place)
        listed = None if stored is None else manifest.parse(stored.body)
        if stored is None or listed is None:
            return
        correct = listed.with_file(key, rows=file.rows, size_bytes=len(file.body))
        if correct != listed:
            self.objects.replace(place, correct.to_json(), old=stored)

    def _people_key(self, key: str) -> str:
        return self._named(key).people_key(self.tenant, self.sync_id)

    def _named(self, key: str) -> OwnFile:
        named = own_files.of_key(key, prefix=self.objects.bucket.prefix)
        if named is None:
            raise AssertionError(f"{key} is none of our files")
        return named
