"""Composition root of `sync`: the raw log to the lake and the warehouse."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runtime import settings
from runtime.wiring import parts, worker

if TYPE_CHECKING:
    from runtime.usecases.warehouse.sync_warehouse import SyncWarehouse


def build() -> "SyncWarehouse":
    """The raw log to the lake and the warehouse."""
    from runtime.stores.tables import config
    from runtime.stores.warehouse.lake import LoadFiles
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.parquet import Writer
    from runtime.stores.warehouse.redshift.data_api import Redshift
    from runtime.stores.warehouse.redshift.sql_files import read_migrations, read_queries
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.warehouse.load_lake import LoadLake
    from runtime.usecases.warehouse.load_redshift import LoadRedshift, Sql
    from runtime.usecases.warehouse.sync_warehouse import SyncWarehouse

    given = settings.load()
    clients = parts.clients(given)
    raw_log = parts.raw_log(clients, given)
    ledger = Ledger(table=raw_log.table)
    scratch = Path(tempfile.gettempdir())
    files = LoadFiles(raw_log=raw_log, bucket=raw_log.bucket, writer=Writer(scratch=scratch))
    warehouse = Redshift(
        client=clients.redshift_data,
        workgroup=given.redshift_workgroup,
        database=given.redshift_database,
    )
    redshift = LoadRedshift(
        files=files,
        warehouse=warehouse,
        schemas=ledger,
        sql=Sql(queries=read_queries(), migrations=read_migrations()),
        bucket=given.bucket,
        copy_role_arn=given.redshift_copy_role_arn,
        clock=worker.now,
    )
    return SyncWarehouse(
        syncs=Syncs(config=config.table(clients.tables, given.config_table)),
        raw_log=raw_log,
        ledger=ledger,
        lake=LoadLake(files=files, clock=worker.now),
        redshift=redshift,
        clock=worker.now,
    )
