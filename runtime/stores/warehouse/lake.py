"""The files of a load: fetches raw batches, renders Parquet, stages and publishes it on S3."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.core.archive.raw_log import Kind, RawBatch
from runtime.core.warehouse import plan
from runtime.core.warehouse.plan import DataFile, Load, Rendered, StagedFile, Staging
from runtime.stores.archive.raw_log import RawLog
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.lake_files import LakeFiles
from runtime.stores.warehouse.lake_manifests import LakeManifests
from runtime.stores.warehouse.parquet import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFiles:
    """Makes and stores the files of loads, and leaves none of them on local disk."""

    raw_log: RawLog
    bucket: Bucket
    writer: Writer

    @property
    def lake(self) -> LakeFiles:
        """The files that are published."""
        return LakeFiles(bucket=self.bucket, scratch=self.writer.scratch)

    @contextmanager
    def render(
        self, load: Load, batches: Sequence[RawBatch], *, staging: Staging | None
    ) -> Iterator[Rendered]:
        """The load's Parquet files on local disk, for as long as the context lasts.

        Without a `staging` none are made for a warehouse.

        Raises:
            NotFound: a raw batch is gone.
        """
        with tempfile.TemporaryDirectory(dir=self.writer.scratch, prefix="load-") as folder:
            out = Path(folder)
            inputs: dict[Kind, list[Path]] = {}
            for path, kind in self.raw_log.fetch(batches, folder=out).items():
                inputs.setdefault(kind, []).append(path)
            yield self.writer.render(inputs, load=load, out=out, staging=staging)

    def stage(self, load: Load, rendered: Rendered, *, staging: Staging) -> None:
        """Put the files that the warehouse will read: the data, then the manifest that names it."""
        if rendered.discards is not None:
            key = plan.discard_key(load)
            self.bucket.put_once(key, Path(rendered.discards).read_bytes())
        for file in rendered.stage:
            self._stage(
                Path(file.path),
                key=plan.stage_key(load, file.table),
                manifest_key=plan.manifest_key(load, file.table),
                staging=staging,
            )

    def stage_part(self, load: Load, file: DataFile, rows: range, *, staging: Staging) -> str:
        """Put some rows of a staged file, as the warehouse reads them; returns the manifest's key.

        Raises:
            Conflict: other rows have these keys.
        """
        key, manifest_key = plan.part_keys(load, file.table, rows)
        with tempfile.TemporaryDirectory(dir=self.writer.scratch, prefix="part-") as folder:
            path = self.writer.part(file, rows, to=Path(folder) / "part.parquet", staging=staging)
            self._stage(path, key=key, manifest_key=manifest_key, staging=staging)
        return manifest_key

    def key_at(self, file: DataFile, row: int) -> tuple[str, ...]:
        """The values of the key columns of one row of a local file."""
        return self.writer.key_at(file, row)

    def unstage(self, load: Load) -> None:
        """Delete the data that the warehouse reads or has read; what lists it stays."""
        self.bucket.delete_under(plan.stage_folder(load))

    def publish(self, load: Load, rendered: Rendered) -> None:
        """Put the lake's files, under the load's own names, then the manifest that names them."""
        for file in rendered.lake:
            self.lake.publish(plan.lake_key(load, file), Path(file.path), tenant=load.tenant)
        LakeManifests(bucket=self.bucket).publish(load, rendered)

    def _stage(self, path: Path, *, key: str, manifest_key: str, staging: Staging) -> None:
        self.bucket.put(key, path.read_bytes())
        staged = StagedFile(uri=f"s3://{self.bucket.name}/{key}", size_bytes=path.stat().st_size)
        self.bucket.put_once(manifest_key, staging.manifest([staged]).encode())
