"""Makes one file of the lake out of several, so that whoever is killed meanwhile doubles no row."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.core.warehouse import manifest, plan
from runtime.core.warehouse.compaction import Merge, Stored
from runtime.errors import NotFound
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse import duck, people_file
from runtime.stores.warehouse.lake_files import LakeFiles
from runtime.stores.warehouse.lake_manifests import LakeManifests


@dataclass(frozen=True, slots=True, kw_only=True)
class Compactions:
    """The lake's files, by their sizes, and how they become fewer.

    A note says which file takes the place of which. It is written first. Whoever comes after a kill
    reads it: if the one file is there, the others go, and if not, they stay.
    """

    bucket: Bucket
    scratch: Path  # the folder for files while they are worked on

    def tenants(self) -> Sequence[str]:
        """The ids of all tenants that have a lake, in order."""
        return sorted(self.bucket.folders(plan.LAKE_ROOT))

    def syncs(self, tenant: str) -> Sequence[str]:
        """The ids of the tenant's syncs that have files, in order."""
        return self._lake.syncs(tenant)

    def files(self, tenant: str, sync_id: str) -> Iterator[Stored]:
        """The files of a sync."""
        folder = plan.lake_folder(tenant, sync_id)
        return (
            Stored(key, size_bytes)
            for key, size_bytes in self.bucket.sizes_under(folder)
            if key.endswith(".parquet")
        )

    def settle(self, tenant: str, sync_id: str) -> None:
        """Bring a merge to its end that somebody was killed in."""
        note = plan.merge_note_key(tenant, sync_id)
        try:
            noted = json.loads(self.bucket.get(note))
        except NotFound:
            return
        output = noted["output"]
        if self.bucket.exists(output):
            with tempfile.TemporaryDirectory(dir=self.scratch, prefix="merge-") as folder:
                path = Path(folder, "out.parquet")
                self.bucket.fetch(output, to=path)
                self._take_place(output, path, of=noted["inputs"])
        self.bucket.delete(note)

    def merge(self, merge: Merge, *, tenant: str, sync_id: str) -> None:
        """Make one file of several; every row stays, sorted by the person it is about.

        Nobody else may change the sync's files meanwhile: the caller has its lease.

        Raises:
            NotFound: code `object_missing`: one of them is gone.
        """
        note = plan.merge_note_key(tenant, sync_id)
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix="merge-") as folder:
            paths = [Path(folder, f"{number}.parquet") for number in range(len(merge.inputs))]
            self.bucket.fetch_all(dict(zip(merge.inputs, paths, strict=True)))
            out = Path(folder, "out.parquet")
            self._write(merge, paths, out)
            noted = {"output": merge.output, "inputs": merge.inputs}
            self.bucket.put(note, json.dumps(noted).encode())
            self._lake.publish(merge.output, out, tenant=tenant)
            self._take_place(merge.output, out, of=merge.inputs)
        self.bucket.delete(note)

    @property
    def _lake(self) -> LakeFiles:
        return LakeFiles(bucket=self.bucket, scratch=self.scratch)

    def _write(self, merge: Merge, paths: Sequence[Path], out: Path) -> None:
        table = merge.table
        person = () if table.person is None else (table.person,)
        order = ", ".join((*person, table.arrived, *table.key))
        with duck.connect(self.scratch) as connection:
            connection.execute(
                f"COPY (SELECT * FROM read_parquet($files, union_by_name = true,"
                f" hive_partitioning = false) ORDER BY {order})"
                f" TO '{out}' (FORMAT parquet, COMPRESSION zstd)",
                {"files": [str(path) for path in paths]},
            )

    def _take_place(self, output: str, path: Path, *, of: Sequence[str]) -> None:
        """Have manifests name one file, of which there is a local copy, and delete the others."""
        rows = people_file.count(path, scratch=self.scratch)
        entry = manifest.entry_of(output, rows=rows, size_bytes=path.stat().st_size)
        LakeManifests(bucket=self.bucket).merge(of, entry)
        for key in of:
            self.bucket.delete(key)
            self.bucket.delete(plan.people_key(key))
