"""Load rows into a warehouse of a tenant's own, which each sync reaches by its own settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.warehouse.plan import Load, LoadState
from runtime.core.warehouse.sync import Sync
from runtime.usecases.warehouse import erase_rows, load_sql, load_staged
from runtime.usecases.warehouse.destination import OpenLoad
from runtime.usecases.warehouse.load_sql import Schemas
from runtime.usecases.warehouse.load_staged import Files, LoadStaged


class Warehouse(load_staged.Warehouse, erase_rows.Warehouse, Protocol):
    """One vendor's warehouse, as one sync reaches it."""


class Connect(Protocol):
    """Builds what speaks to one vendor; nothing is dialled yet."""

    def __call__(self, sync: Sync, secrets: Mapping[str, str], /) -> Warehouse:
        """The warehouse of a sync, with its sealed settings in the clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWarehouses:
    """The warehouses of one kind. No secret is kept longer than what is made with it."""

    connect: Connect
    open_secret: Callable[[str, str], str]  # decrypts for a tenant: (tenant, sealed text)

    def of(self, sync: Sync) -> Warehouse:
        """The warehouse of one sync.

        Raises:
            Transient: the key service does not answer.
        """
        secrets = {name: self.open_secret(sync.tenant, text) for name, text in sync.sealed.items()}
        return self.connect(sync, secrets)

    def erase(
        self, sync: Sync, profile_ids: Sequence[str], /, *, request_id: str, erased_at: str
    ) -> Mapping[str, int]:
        """Delete the rows of these profiles from a sync's schema, and keep them out for ever.

        Returns how many rows the job has removed from each table.

        Raises:
            Transient: the warehouse did not do it all; erase the same again.
        """
        warehouse = self.of(sync)
        return warehouse.erase(sync, profile_ids, request_id=request_id, erased_at=erased_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOwn:
    """Puts loads into the warehouses of one kind."""

    warehouses: OwnWarehouses
    files: Files
    clock: Callable[[], datetime]

    @property
    def versions(self) -> str:
        """The version of the tables and that of the transform."""
        return load_sql.versions()

    @property
    def unseen(self) -> frozenset[LoadState]:
        """The states before the load is submitted to the warehouse."""
        return load_staged.UNSEEN

    def abandon(self, load: Load) -> None:
        """Delete what the load has staged."""
        self.files.unstage(load)

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:
        """Put the load into the warehouse and the lake, or go as far as possible now.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
        warehouse = self.warehouses.of(sync)
        LoadStaged(files=self.files, warehouse=warehouse, clock=self.clock)(sync, load, batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemasOfSync:
    """Schemas by sync: two servers may have schemas of one name, and neither knows the other."""

    schemas: Schemas
    sync_id: str

    def claim_schema(self, schema: str, *, tenant: str) -> int:
        """Returns the version of the tables of this sync's schema, 0 for none."""
        return self.schemas.claim_schema(self._name(schema), tenant=tenant)

    def set_schema_version(self, schema: str, *, version: int) -> None:
        """Record the version of the tables of this sync's schema."""
        self.schemas.set_schema_version(self._name(schema), version=version)

    def promoted_columns(self, schema: str) -> frozenset[str]:
        """The promoted columns that the tables of this sync's schema have."""
        return self.schemas.promoted_columns(self._name(schema))

    def set_promoted_columns(self, schema: str, columns: frozenset[str], /) -> None:
        """Record which promoted columns the tables of this sync's schema have."""
        self.schemas.set_promoted_columns(self._name(schema), columns)

    def _name(self, schema: str) -> str:
        return f"{self.sync_id}/{schema}"
