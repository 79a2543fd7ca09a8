"""What several of our functions are built of.

The imports stand inside the functions here: Lambda bills the imports of a cold start, and so each
process imports only what it uses.
"""

import random
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients, LateService
from runtime.stores.tables.table import Table
from runtime.wiring import worker
from runtime.wiring.worker import Journal

if TYPE_CHECKING:
    from runtime.core.events.envelope import Event
    from runtime.stores.archive.raw_log import RawLog
    from runtime.stores.audit.audit_log import AuditLog
    from runtime.stores.bus import Bus
    from runtime.stores.deliveries.deliveries import Deliveries
    from runtime.stores.events.events import Events
    from runtime.stores.files import Files
    from runtime.stores.functions.canary_counts import CanaryCounts
    from runtime.stores.functions.deletions import Deletions
    from runtime.stores.functions.error_groups import ErrorGroups
    from runtime.stores.functions.functions import Functions
    from runtime.stores.functions.health import FunctionHealths
    from runtime.stores.functions.runs import Runs
    from runtime.stores.jobs.jobs import Jobs
    from runtime.stores.pacing.endpoints import Endpoints
    from runtime.stores.profiles.profiles import Profiles
    from runtime.stores.queues import Hints, Parked
    from runtime.stores.replays.replays import Replays
    from runtime.stores.secrets import Secrets
    from runtime.stores.tables.config import Config
    from runtime.stores.warehouse.ledger import Ledger
    from runtime.stores.webhooks.webhooks import Webhooks
    from runtime.usecases.erasure.records import EveryRecord
    from runtime.usecases.event_records import EventRecords
    from runtime.usecases.functions.retry_run import RetryRun
    from runtime.usecases.functions.run_again import RunAgain
    from runtime.usecases.functions.tend_functions import TendFunctions
    from runtime.usecases.pacing.tend_endpoints import TendEndpoints
    from runtime.usecases.warehouse.load_sql import LoadSql

# Random numbers for jitter, from the system's own source: no two processes draw the same.
DICE: Final = random.SystemRandom()
# Whoever is told of a raw batch reads it within this time, unless he is interrupted.
READ_WITHIN: Final = timedelta(hours=1)
ID_RANDOM_BYTES: Final = 16  # so many that nobody guesses an id, and no two are the same


def new_id(prefix: str) -> str:
    """An id that nobody has drawn before."""
    import secrets as dice

    from runtime.core import ids

    return ids.derive(prefix, dice.token_hex(ID_RANDOM_BYTES))


def event(body: str) -> "Event":
    """The event in the body of a queue message.

    Raises:
        BadInput: the body is no event.
    """
    from runtime.core.events import bus_event
    from runtime.core.timestamps import timestamp

    return bus_event.parse(body, now=timestamp(worker.now()))


def clients(installation: Settings, *, late: Collection[LateService] = ()) -> Clients:
    """Clients of AWS, on the wire that the installation chooses; `late` as for `Clients`."""
    return Clients(
        wire=installation.aws_wire, late=late, redshift_role_arn=installation.redshift_role_arn
    )


def hints(clients: Clients, url: str) -> "Hints":
    """The queue of hints at this URL."""
    from runtime.stores.queues import Hints, Queue

    return Hints(queue=Queue(client=clients.queues, url=url))


def parked(clients: Clients, installation: Settings) -> "Parked":
    """The dead-letter queue for what this process can never read."""
    from runtime.stores.queues import Parked, Queue

    return Parked(queue=Queue(client=clients.queues, url=installation.park_queue_url))


def deliveries(clients: Clients, installation: Settings) -> "Deliveries":
    """The deliveries, with their log and their large bodies."""
    from runtime.stores import bodies
    from runtime.stores.deliveries import delivery_log
    from runtime.stores.deliveries.deliveries import Deliveries

    return Deliveries(
        table=Table(client=clients.tables, name=installation.deliveries_table),
        log=delivery_log.in_table(
            installation.delivery_log_table, clients, installation.retention_days
        ),
        bodies=bodies.in_bucket(installation.bucket, clients),
    )


def run_again(clients: Clients, installation: Settings) -> "RunAgain":
    """What begins the next attempt of runs."""
    from runtime.usecases.functions.run_again import RunAgain

    return RunAgain(
        runs=runs(clients, installation),
        events=events(clients, installation),
        hints=hints(clients, installation.run_queue_url),
        clock=worker.now,
    )


def retry_run(clients: Clients, installation: Settings) -> "RetryRun":
    """What runs one run again."""
    from runtime.usecases.functions.retry_run import RetryRun

    return RetryRun(
        runs=runs(clients, installation),
        functions=functions(clients, installation),
        run_again=run_again(clients, installation),
    )


def replays(clients: Clients, installation: Settings) -> "Replays":
    """The replays of every kind, in the same table as the deliveries."""
    from runtime.stores.replays.replays import Replays

    table = Table(client=clients.tables, name=installation.deliveries_table)
    return Replays(table=table, retention_days=installation.retention_days)


def jobs(clients: Clients, installation: Settings) -> "Jobs":
    """The jobs of all tenants."""
    from runtime.stores.jobs.jobs import Jobs

    table = Table(client=clients.tables, name=installation.jobs_table)
    return Jobs(table=table, retention_days=installation.retention_days)


def files(clients: Clients, installation: Settings) -> "Files":
    """The files that callers upload and download."""
    from runtime.stores import files

    return files.in_bucket(installation.bucket, clients, clock=worker.now)


def config(clients: Clients, installation: Settings) -> "Config":
    """The table of what tenants set up."""
    from runtime.stores.tables import config

    return config.table(clients.tables, installation.config_table)


def webhooks(clients: Clients, installation: Settings) -> "Webhooks":
    """The webhooks that tenants set up."""
    from runtime.stores.webhooks.webhooks import Webhooks

    return Webhooks(config=config(clients, installation))


def functions(clients: Clients, installation: Settings) -> "Functions":
    """The functions that tenants set up, with their versions."""
    from runtime.stores.functions.functions import Functions

    return Functions(config=config(clients, installation))


def deletions(clients: Clients, installation: Settings) -> "Deletions":
    """The deletions of functions, in the same table."""
    from runtime.stores.functions.deletions import Deletions

    return Deletions(config=config(clients, installation))


def bus(clients: Clients, installation: Settings) -> "Bus":
    """The bus that events land on."""
    from runtime.stores.bus import Bus

    return Bus(client=clients.events, name=installation.bus)


def endpoints(clients: Clients, installation: Settings) -> "Endpoints":
    """The health of endpoints, in the same table as the deliveries."""
    from runtime.stores.pacing.endpoints import Endpoints

    table = Table(client=clients.tables, name=installation.deliveries_table)
    return Endpoints(table=table, clock=worker.now)


def tend_endpoints(clients: Clients, installation: Settings, journal: Journal) -> "TendEndpoints":
    """What follows the health of endpoints, and tells their tenants."""
    from runtime.usecases.pacing.tend_endpoints import TendEndpoints

    return TendEndpoints(
        endpoints=endpoints(clients, installation),
        webhooks=webhooks(clients, installation),
        bus=bus(clients, installation),
        clock=worker.now,
        journal=journal,
    )


def error_groups(clients: Clients, installation: Settings) -> "ErrorGroups":
    """The error groups of functions, in the same table as the runs."""
    from runtime.stores.functions.error_groups import ErrorGroups

    return ErrorGroups(
        table=Table(client=clients.tables, name=installation.runs_table),
        clock=worker.now,
        retention_days=installation.retention_days,
    )


def function_healths(clients: Clients, installation: Settings) -> "FunctionHealths":
    """The health of functions, in the same table as the runs."""
    from runtime.stores.functions.health import FunctionHealths

    table = Table(client=clients.tables, name=installation.runs_table)
    return FunctionHealths(table=table, clock=worker.now)


def canary_counts(clients: Clients, installation: Settings) -> "CanaryCounts":
    """The counts of canaries, in the same table as the runs."""
    from runtime.stores.functions.canary_counts import CanaryCounts

    table = Table(client=clients.tables, name=installation.runs_table)
    return CanaryCounts(table=table, clock=worker.now)


def tend_functions(clients: Clients, installation: Settings, journal: Journal) -> "TendFunctions":
    """What follows how functions do, and tells their tenants."""
    from runtime.usecases.functions.end_canary import EndCanary
    from runtime.usecases.functions.tend_functions import TendFunctions

    return TendFunctions(
        healths=function_healths(clients, installation),
        counts=canary_counts(clients, installation),
        groups=error_groups(clients, installation),
        end_canary=EndCanary(functions=functions(clients, installation)),
        bus=bus(clients, installation),
        clock=worker.now,
        journal=journal,
    )


def records_of_events(clients: Clients, installation: Settings) -> "EveryRecord":
    """What finds all runs and deliveries of events, whoever has taken them."""
    from runtime.usecases.erasure.records import EveryRecord

    return EveryRecord(
        runs=runs(clients, installation),
        deliveries=deliveries(clients, installation),
        functions=functions(clients, installation),
        webhooks=webhooks(clients, installation),
    )


def profiles(clients: Clients, installation: Settings) -> "Profiles":
    """The profiles, and where names lead."""
    import secrets as dice

    from runtime.stores.profiles.name_rows import MergeRecords, NameRows
    from runtime.stores.profiles.profiles import Profiles
    from runtime.stores.profiles.salts import Salts

    names = Table(client=clients.tables, name=installation.names_table)
    return Profiles(
        table=Table(client=clients.tables, name=installation.profiles_table),
        names=NameRows(table=names, salts=Salts(table=names, random=dice.token_bytes)),
        merges=MergeRecords(table=names, retention_days=installation.retention_days),
        clock=worker.now,
    )


def events(clients: Clients, installation: Settings) -> "Events":
    """The events that are kept, with their large envelopes."""
    from runtime.stores import bodies
    from runtime.stores.events.events import Events

    return Events(
        table=Table(client=clients.tables, name=installation.events_table),
        bodies=bodies.in_bucket(installation.bucket, clients),
        retention_days=installation.retention_days,
        clock=worker.now,
    )


def runs(clients: Clients, installation: Settings) -> "Runs":
    """The runs, with the profiles that they change and their large bodies."""
    from runtime.stores import bodies
    from runtime.stores.functions.runs import Runs

    return Runs(
        table=Table(client=clients.tables, name=installation.runs_table),
        profiles=profiles(clients, installation),
        bodies=bodies.in_bucket(installation.bucket, clients),
        retention_days=installation.retention_days,
    )


def event_records(clients: Clients, installation: Settings) -> "EventRecords":
    """What finds the runs and deliveries of events."""
    from runtime.usecases.event_records import EventRecords

    return EventRecords(
        runs=runs(clients, installation), deliveries=deliveries(clients, installation)
    )


def audit_log(clients: Clients, installation: Settings) -> "AuditLog":
    """The audit log."""
    from runtime.stores.audit.audit_log import AuditLog

    return AuditLog(
        table=Table(client=clients.tables, name=installation.audit_table),
        retention_days=installation.audit_retention_days,
    )


def raw_kept(installation: Settings) -> timedelta:
    """How long at least the object of a raw batch can be read by whoever is told of it now."""
    return timedelta(days=installation.retention_days) - READ_WITHIN


def raw_log(clients: Clients, installation: Settings) -> "RawLog":
    """The raw log: its batches in the bucket, their numbers in the ledger."""
    from runtime.stores.archive.raw_log import RawLog
    from runtime.stores.aws.s3 import Bucket

    return RawLog(
        bucket=Bucket(client=clients.s3, name=installation.bucket),
        table=Table(client=clients.tables, name=installation.ledger_table),
    )


def secrets(clients: Clients, installation: Settings) -> "Secrets":
    """What opens and seals secrets under the key of this installation."""
    import secrets as dice

    from runtime.stores.secrets import Secrets

    return Secrets(client=clients.kms, key_id=installation.kms_key_id, random=dice.token_bytes)


def redshift(clients: Clients, installation: Settings, *, ledger: "Ledger") -> "LoadSql":
    """What loads Redshift, and deletes from it."""
    from runtime.core.warehouse.dialects import redshift
    from runtime.stores.warehouse.redshift.data_api import DataApi
    from runtime.usecases.warehouse.load_sql import LoadSql

    bucket = installation.bucket
    return LoadSql(
        statements=DataApi(
            client=clients.redshift_data,
            workgroup=installation.redshift_workgroup,
            cluster=installation.redshift_cluster,
            database=installation.redshift_database,
            prefix=f"{installation.stack}/",
        ),
        schemas=ledger,
        dialect=redshift.DIALECT,
        uri=lambda key: f"s3://{bucket}/{key}",
        copy_role=installation.redshift_copy_role_arn,
    )
