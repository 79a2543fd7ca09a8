"""Composition root of migrations, which an operator runs with AWS credentials."""

from typing import TYPE_CHECKING

from runtime.stores.migrations.records import MigrationRecords
from runtime.stores.tables import config
from runtime.usecases.migrations.migrate import Migrate
from runtime.wiring import worker

if TYPE_CHECKING:
    from runtime.stores.aws.dynamodb import DynamoDB
    from runtime.stores.tables.config import Config


def build(tables: "DynamoDB", *, config_table: str, ledger_table: str) -> Migrate:
    """What migrates the installation with these tables."""
    from runtime.stores.migrations.loads_in_time import LoadsInTime
    from runtime.stores.tables.table import Table
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.syncs import Syncs

    configured = config.table(tables, config_table)
    return Migrate(
        records=MigrationRecords(config=configured),
        steps={
            "loads_in_time": LoadsInTime(
                syncs=Syncs(config=configured),
                ledger=Ledger(table=Table(client=tables, name=ledger_table)),
                clock=worker.now,
            ),
        },
        clock=worker.now,
    )


def settle(table: "Config") -> None:
    """Record every migration as done in a new installation, whose config table this is."""
    Migrate(records=MigrationRecords(config=table), steps={}, clock=worker.now).settle()
