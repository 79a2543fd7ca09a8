"""What the API does with syncs and their loads."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.jobs.jobs_function import JobsFunction
from runtime.stores.tables.table import Table
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.syncs import Syncs
from runtime.usecases.warehouse.create_sync import CreateSync
from runtime.usecases.warehouse.delete_sync import DeleteSync
from runtime.usecases.warehouse.seal_settings import SealSettings
from runtime.usecases.warehouse.skip_gap import SkipGap
from runtime.usecases.warehouse.start_backfill import StartBackfill
from runtime.usecases.warehouse.start_refresh import StartRefresh
from runtime.usecases.warehouse.trigger_sync import TriggerSync
from runtime.usecases.warehouse.update_sync import UpdateSync
from runtime.wiring import parts, warehouse_parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncApi:
    """What the API does with syncs."""

    store: Syncs  # to list and show them
    ledger: Ledger  # the store of loads, to list them
    create: CreateSync
    update: UpdateSync
    delete: DeleteSync
    trigger: TriggerSync
    backfill: StartBackfill
    refresh: StartRefresh
    skip_gap: SkipGap
    clock: Callable[[], datetime]  # for how far behind a sync is


def build(clients: Clients, installation: Settings) -> SyncApi:
    """The use cases of syncs, with their stores."""
    syncs = Syncs(config=parts.config(clients, installation))
    seal = SealSettings(
        rules=warehouse_parts.setting_rules(installation),
        seal=parts.secrets(clients, installation).seal,
    )
    ledger = Ledger(table=Table(client=clients.tables, name=installation.ledger_table))
    starter = JobsFunction(client=clients.functions, name=installation.jobs_function)
    return SyncApi(
        store=syncs,
        ledger=ledger,
        create=CreateSync(syncs=syncs, seal_settings=seal, new_id=parts.new_id, clock=worker.now),
        update=UpdateSync(syncs=syncs, seal_settings=seal),
        delete=DeleteSync(syncs=syncs, ledger=ledger, clock=worker.now),
        backfill=StartBackfill(
            syncs=syncs,
            raw_log=parts.raw_log(clients, installation),
            ledger=ledger,
            jobs=parts.jobs(clients, installation),
            starter=starter,
            new_id=parts.new_id,
            clock=worker.now,
            raw_kept=parts.raw_kept(installation),
        ),
        refresh=StartRefresh(
            syncs=syncs,
            jobs=parts.jobs(clients, installation),
            starter=starter,
            new_id=parts.new_id,
            clock=worker.now,
        ),
        trigger=TriggerSync(syncs=syncs, queue=parts.hints(clients, installation.sync_queue_url)),
        skip_gap=SkipGap(syncs=syncs, ledger=ledger, clock=worker.now),
        clock=worker.now,
    )
