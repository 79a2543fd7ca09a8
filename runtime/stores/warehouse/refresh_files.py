"""The files of a load that makes rows anew from the lake; the lake itself stays as it is."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.core.warehouse import refresh
from runtime.core.warehouse.plan import DataFile, Load, Rendered, Staging
from runtime.core.warehouse.refresh import LakeFile
from runtime.errors import NotFound, Transient
from runtime.stores.warehouse.lake import LoadFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Lakes:
    """The lakes of all syncs, as refreshes read them."""

    files: LoadFiles

    def stored(self, tenant: str, sync_id: str, table: str) -> Sequence[LakeFile]:
        """The files that make a table of a sync, and those that follow it, anew."""
        return self.files.lake.stored(tenant, sync_id, refresh.read_of(table))

    def files_of(self, inputs: Sequence[LakeFile]) -> "RefreshFiles":
        """What makes the files of a load of these."""
        return RefreshFiles(files=self.files, inputs=inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFiles:
    """Makes and stores the files of one load of a refresh."""

    files: LoadFiles
    # The files of the lake, as they stood when the load was planned; empty for a load that is with
    # its warehouse already, and whose files cannot be made again.
    inputs: Sequence[LakeFile]

    @contextmanager
    def render(
        self, load: Load, _batches: Sequence[Any], *, staging: Staging | None
    ) -> Iterator[Rendered]:
        """The load's Parquet files on local disk, for as long as the context lasts.

        Raises:
            Transient: code `lake_changed`: the lake's files are others by now; plan it again.
        """
        if staging is None:
            raise AssertionError("a refresh is for a warehouse")
        if not self.inputs:
            yield Rendered(stage=(), lake=(), received={})
            return
        with tempfile.TemporaryDirectory(dir=self.files.writer.scratch, prefix="load-") as folder:
            out = Path(folder)
            fetched = self._fetched(load, out)
            yield self.files.writer.render_again(fetched, load=load, out=out, staging=staging)

    def stage(self, load: Load, rendered: Rendered, *, staging: Staging) -> None:
        """Put the files that the warehouse will read."""
        self.files.stage(load, rendered, staging=staging)

    def stage_part(self, load: Load, file: DataFile, rows: range, *, staging: Staging) -> str:
        """Put some rows of a staged file; returns the manifest's key."""
        return self.files.stage_part(load, file, rows, staging=staging)

    def key_at(self, file: DataFile, row: int) -> tuple[str, ...]:
        """The values of the key columns of one row of a local file."""
        return self.files.key_at(file, row)

    def unstage(self, load: Load) -> None:
        """Delete the data that the warehouse reads or has read."""
        self.files.unstage(load)

    def publish(self, load: Load, rendered: Rendered) -> None:
        """Do nothing: the rows came from the lake."""

    def _fetched(self, load: Load, folder: Path) -> Mapping[str, Sequence[Path]]:
        """Local copies of the inputs, all as the load was planned with, by table.

        The listing comes last: a file that somebody has replaced, or merged with others, shows.
        """
        paths: dict[str, list[Path]] = {}
        try:
            for number, file in enumerate(self.inputs):
                path = folder / f"lake-{number}.parquet"
                self.files.bucket.fetch(file.key, to=path)
                paths.setdefault(file.table, []).append(path)
        except NotFound as problem:
            raise _changed() from problem
        names = refresh.read_of(load.selection.tables[0])
        stored = self.files.lake.stored(load.tenant, load.sync_id, names)
        now = refresh.of_days(stored, first=load.first_seq, last=load.last_seq)
        if list(self.inputs) != list(now):
            raise _changed()
        return paths


def _changed() -> Transient:
    return Transient("the lake has changed meanwhile; do it again", code="lake_changed")
