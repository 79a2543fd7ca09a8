"""Composition root of `jobs`, which works off what tenants have asked for."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime import settings
from runtime.wiring import parts, people_parts, warehouse_parts, worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtime.core.erasure.erasure import Stage
    from runtime.settings import Settings
    from runtime.stores.aws.clients import Clients
    from runtime.usecases.erasure.erase_page import ErasePage, Files
    from runtime.usecases.jobs.end_failed import Step
    from runtime.usecases.jobs.work_jobs import WorkJobs
    from runtime.usecases.warehouse.refresh_page import RefreshPage

# Nearly all of the quarter of an hour that a Lambda may take, so that a long job hardly ever waits
# for the next call. The function's timeout leaves the last page a minute to end.
BUDGET_S: Final = 840
# Of an import, at the same time. A write takes AWS about ten times as long as it takes us.
WRITERS: Final = 8


def build() -> "WorkJobs":
    """What works off the jobs of this installation."""
    from runtime.core.jobs.job import JobKind
    from runtime.stores.profiles.profile_pages import ProfilePages
    from runtime.stores.tables.table import Table
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.exports.export_page import ExportPage
    from runtime.usecases.imports.import_page import ImportPage
    from runtime.usecases.imports.row_timelines import RowTimelines
    from runtime.usecases.jobs.end_failed import EndFailed
    from runtime.usecases.jobs.work_jobs import WorkJobs
    from runtime.usecases.jobs.work_off import WorkOff
    from runtime.usecases.profiles.project_profile import ProjectProfiles
    from runtime.usecases.transforms.backfill_page import BackfillPage
    from runtime.usecases.warehouse.backfill_page import BackfillPage as BackfillSyncPage

    installation = settings.load()
    # Nearly no job speaks to a warehouse.
    clients = parts.clients(installation, late={"kms", "redshift-data"})
    jobs, files = parts.jobs(clients, installation), parts.files(clients, installation)
    pages = ProfilePages(table=Table(client=clients.tables, name=installation.profiles_table))
    steps: dict[JobKind, Step] = {
        JobKind.PROFILE_IMPORT: ImportPage(
            files=files,
            projects=[
                ProjectProfiles(
                    people=people_parts.people(clients, installation),
                    timelines=RowTimelines(timelines=people_parts.timelines(clients, installation)),
                )
                for _ in range(WRITERS)
            ],
            rules=people_parts.people(clients, installation).rules,
            clock=worker.now,
        ),
        JobKind.PROFILE_EXPORT: ExportPage(profiles=pages, files=files, clock=worker.now),
        JobKind.TRANSFORM_BACKFILL: BackfillPage(
            transforms=people_parts.transforms(clients, installation),
            pages=pages,
            profiles=parts.profiles(clients, installation),
            clock=worker.now,
        ),
        JobKind.ERASURE: _erasure(clients, installation),
        JobKind.SYNC_BACKFILL: BackfillSyncPage(
            syncs=Syncs(config=parts.config(clients, installation)),
            ledger=Ledger(table=Table(client=clients.tables, name=installation.ledger_table)),
            queue=parts.hints(clients, installation.sync_queue_url),
            clock=worker.now,
        ),
        JobKind.SYNC_REFRESH: _refresh(clients, installation),
    }
    return WorkJobs(
        jobs=jobs,
        work_off=WorkOff(
            store=jobs,
            steps={
                kind.value: EndFailed(step=step, clock=worker.now) for kind, step in steps.items()
            },
            budget_s=BUDGET_S,
            clock=worker.now,
        ),
        clock=worker.now,
    )


def _refresh(clients: "Clients", installation: "Settings") -> "RefreshPage":
    from runtime.stores.aws.s3 import Bucket
    from runtime.stores.tables.table import Table
    from runtime.stores.warehouse.lake_files import LakeFiles
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.warehouse.refresh_page import RefreshPage

    return RefreshPage(
        syncs=Syncs(config=parts.config(clients, installation)),
        ledger=Ledger(table=Table(client=clients.tables, name=installation.ledger_table)),
        lake=LakeFiles(
            bucket=Bucket(client=clients.s3, name=installation.bucket),
            scratch=Path(tempfile.gettempdir()),
        ),
        queue=parts.hints(clients, installation.sync_queue_url),
        clock=worker.now,
    )


def _erasure(clients: "Clients", installation: "Settings") -> "ErasePage":
    from runtime.core.warehouse.sync import DestinationKind
    from runtime.stores import bodies
    from runtime.stores.tables.table import Table
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.warehouse.syncs import Syncs
    from runtime.usecases.erasure.erase_events import EraseEvents
    from runtime.usecases.erasure.erase_page import ErasePage
    from runtime.usecases.warehouse.erase_rows import EraseRows

    erasures, runs = people_parts.erasures(clients, installation), parts.runs(clients, installation)
    ledger = Table(client=clients.tables, name=installation.ledger_table)
    schemas = Ledger(table=ledger)
    own = warehouse_parts.own_warehouses(clients, installation, schemas=schemas)
    return ErasePage(
        merges=erasures.profiles.merges,
        timelines=people_parts.timelines(clients, installation),
        runs=runs,
        erase_events=EraseEvents(
            erasures=erasures,
            events=parts.events(clients, installation),
            records=parts.records_of_events(clients, installation),
            runs=runs,
            deliveries=parts.deliveries(clients, installation),
            texts=bodies.in_bucket(installation.bucket, clients),
            error_groups=parts.error_groups(clients, installation),
        ),
        warehouses=EraseRows(
            syncs=Syncs(config=parts.config(clients, installation)),
            warehouses={
                DestinationKind.REDSHIFT: parts.redshift(clients, installation, ledger=schemas),
                **own,
            },
        ),
        files=_files(clients, installation),
        clock=worker.now,
        second_look_s=installation.erasure_second_look_s,
    )


def _files(clients: "Clients", installation: "Settings") -> "Mapping[Stage, Files]":
    from runtime.core.erasure.erasure import Stage
    from runtime.stores.warehouse.discards import Discards
    from runtime.stores.warehouse.lake_files import LakeFiles
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.usecases.erasure.erase_files import EraseDiscards, EraseLake, EraseRawLog

    raw_log = parts.raw_log(clients, installation)
    return {
        Stage.RAW_LOG: EraseRawLog(
            raw_log=raw_log,
            clock=worker.now,
            kept=timedelta(days=installation.retention_days),
        ),
        Stage.DISCARDS: EraseDiscards(discards=Discards(bucket=raw_log.bucket)),
        Stage.LAKE: EraseLake(
            lake=LakeFiles(bucket=raw_log.bucket, scratch=Path(tempfile.gettempdir())),
            leases=Ledger(table=raw_log.table),
            clock=worker.now,
        ),
        Stage.OWN_BUCKETS: EraseLake(
            lake=warehouse_parts.own_lakes(clients, installation),
            leases=Ledger(table=raw_log.table),
            clock=worker.now,
        ),
    }
