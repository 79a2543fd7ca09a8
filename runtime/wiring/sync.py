"""Composition root of `sync`, which loads the raw log into the lake and each vendor's warehouse."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime import settings
from runtime.core.warehouse.sync import DestinationKind
from runtime.wiring import parts, worker

# A load reads its raw batches within this time of being planned, unless it is interrupted.
READ_WITHIN: Final = timedelta(hours=1)

if TYPE_CHECKING:
    from runtime.stores.archive.raw_log import RawLog
    from runtime.stores.warehouse.lake import LoadFiles
    from runtime.usecases.warehouse.destination import Destination
    from runtime.usecases.warehouse.sync_warehouse import SyncWarehouse


def build() -> "SyncWarehouse":
    """What loads the raw log into the destination of each sync."""
    from runtime.stores.tables import config
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.warehouse.load_lake import LoadLake
    from runtime.usecases.warehouse.load_staged import LoadStaged
    from runtime.usecases.warehouse.sync_warehouse import SyncWarehouse

    installation = settings.load()
    clients = parts.clients(installation)
    raw_log = parts.raw_log(clients, installation)
    ledger, files = Ledger(table=raw_log.table), _files(raw_log)

    def destination(kind: DestinationKind) -> "Destination":
        match kind:
            case DestinationKind.S3:
                return LoadLake(files=files, clock=worker.now)
            case DestinationKind.REDSHIFT:
                warehouse = parts.redshift(clients, installation, ledger=ledger)
                return LoadStaged(files=files, warehouse=warehouse, clock=worker.now)

    return SyncWarehouse(
        syncs=Syncs(config=config.table(clients.tables, installation.config_table)),
        raw_log=raw_log,
        ledger=ledger,
        destinations={kind: destination(kind) for kind in DestinationKind},
        clock=worker.now,
        raw_kept=timedelta(days=installation.retention_days) - READ_WITHIN,
    )


def _files(raw_log: "RawLog") -> "LoadFiles":
    from runtime.stores.warehouse.lake import LoadFiles
    from runtime.stores.warehouse.parquet import Writer

    writer = Writer(scratch=Path(tempfile.gettempdir()))
    return LoadFiles(raw_log=raw_log, bucket=raw_log.bucket, writer=writer)
