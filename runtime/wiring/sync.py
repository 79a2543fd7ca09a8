"""Composition root of `sync`: plans syncs, and loads the raw log into lake and warehouses."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runtime import settings
from runtime.core.warehouse.sync import DestinationKind
from runtime.wiring import parts, warehouse_parts, worker
from runtime.wiring.worker import Journal, Worker

if TYPE_CHECKING:
    from runtime.core.warehouse.messages import SyncMessage
    from runtime.settings import Settings
    from runtime.stores.archive.raw_log import RawLog
    from runtime.stores.aws.clients import Clients
    from runtime.stores.warehouse.lake import LoadFiles
    from runtime.usecases.warehouse.destination import Destination
    from runtime.usecases.warehouse.plan_syncs import PlanSyncs
    from runtime.usecases.warehouse.refresh_table import RefreshTable
    from runtime.usecases.warehouse.sync_warehouse import SyncWarehouse
    from runtime.usecases.warehouse.tend_sync import TendSync


def build(journal: Journal) -> "Worker[SyncMessage]":
    """A worker that runs the syncs that messages ask for."""
    from runtime.core.warehouse import messages
    from runtime.usecases.warehouse.run_syncs import RunSyncs

    installation = settings.load()
    clients = parts.clients(installation, late={"kms"})  # for destinations of tenants' own
    return Worker(
        decode=messages.parse_sync,
        work=RunSyncs(
            sync=syncs(clients, installation, journal=journal),
            anew=refresher(clients, installation, journal=journal),
            queue=parts.hints(clients, installation.sync_queue_url),
            clock=worker.now,
            journal=journal,
        ),
        park=parts.parked(clients, installation).park,
    )


def planner() -> "PlanSyncs":
    """What asks for the syncs that are due."""
    from runtime.stores.tables.table import Table
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.sync_plan import SyncPlan
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.warehouse.plan_syncs import PlanSyncs

    installation = settings.load()
    clients = parts.clients(installation)
    table = Table(client=clients.tables, name=installation.ledger_table)
    return PlanSyncs(
        syncs=Syncs(config=parts.config(clients, installation)),
        ledger=Ledger(table=table),
        plan=SyncPlan(table=table),
        queue=parts.hints(clients, installation.sync_queue_url),
    )


def syncs(clients: "Clients", installation: "Settings", *, journal: Journal) -> "SyncWarehouse":
    """What loads the raw log into the destination of each sync."""
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.warehouse.load_lake import LoadLake
    from runtime.usecases.warehouse.load_own import LoadOwn
    from runtime.usecases.warehouse.load_staged import LoadStaged
    from runtime.usecases.warehouse.sync_warehouse import SyncWarehouse

    installation = settings.load()
    clients = parts.clients(installation, late={"kms"})  # for destinations of tenants' own
    raw_log = parts.raw_log(clients, installation)
    ledger, files = Ledger(table=raw_log.table), _files(raw_log)

    own = warehouse_parts.own_warehouses(clients, installation, schemas=ledger)

    def destination(kind: DestinationKind) -> "Destination":
        match kind:
            case DestinationKind.S3:
                copies = warehouse_parts.own_buckets(clients, installation)
                return LoadLake(files=files, copies=copies, clock=worker.now)
            case DestinationKind.REDSHIFT:
                warehouse = parts.redshift(clients, installation, ledger=ledger)
                return LoadStaged(files=files, warehouse=warehouse, clock=worker.now)
            case (
                DestinationKind.POSTGRESQL
                | DestinationKind.BIGQUERY
                | DestinationKind.SNOWFLAKE
                | DestinationKind.SYNAPSE
            ):
                return LoadOwn(warehouses=own[kind], files=files, clock=worker.now)

    return SyncWarehouse(
        syncs=Syncs(config=parts.config(clients, installation)),
        raw_log=raw_log,
        ledger=ledger,
        destinations={kind: destination(kind) for kind in DestinationKind},
        tend=_tend(clients, installation, journal=journal),
        clock=worker.now,
        raw_kept=parts.raw_kept(installation),
    )


def refresher(clients: "Clients", installation: "Settings", *, journal: Journal) -> "RefreshTable":
    """What makes tables anew from the lake."""
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.refresh_files import Lakes
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.warehouse.refresh_table import RefreshTable

    raw_log = parts.raw_log(clients, installation)
    ledger = Ledger(table=raw_log.table)
    own = warehouse_parts.own_warehouses(clients, installation, schemas=ledger)
    redshift = parts.redshift(clients, installation, ledger=ledger)
    return RefreshTable(
        syncs=Syncs(config=parts.config(clients, installation)),
        lakes=Lakes(files=_files(raw_log)),
        ledger=ledger,
        warehouses={
            **{kind: warehouses.of for kind, warehouses in own.items()},
            DestinationKind.REDSHIFT: lambda _: redshift,
        },
        loaded=_tend(clients, installation, journal=journal).loaded,
        clock=worker.now,
    )


def _tend(clients: "Clients", installation: "Settings", *, journal: Journal) -> "TendSync":
    from runtime.stores.tables.table import Table
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.usecases.warehouse.tend_sync import TendSync

    return TendSync(
        ledger=Ledger(table=Table(client=clients.tables, name=installation.ledger_table)),
        bus=parts.bus(clients, installation),
        clock=worker.now,
        journal=journal,
        measured_by=("tenant", "sync_id") if installation.measures_each_sync else (),
    )


def _files(raw_log: "RawLog") -> "LoadFiles":
    from runtime.stores.warehouse.lake import LoadFiles
    from runtime.stores.warehouse.parquet import Writer

    writer = Writer(scratch=Path(tempfile.gettempdir()))
    return LoadFiles(raw_log=raw_log, bucket=raw_log.bucket, writer=writer)
