"""Composition root of the functions that no caller waits for: use cases with their stores.

Each is built by itself and imports only what it uses: Lambda bills the imports of a cold start.
"""

import random
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from runtime import settings
from runtime.settings import Settings
from runtime.stores.aws import Clients
from runtime.stores.table import Table

if TYPE_CHECKING:
    from runtime.core.envelope import Event
    from runtime.core.messages import DeliverMessage
    from runtime.core.profile import Profile
    from runtime.core.run_plan import Entry
    from runtime.stores.deliveries import Deliveries
    from runtime.stores.queues import Hints, Parked
    from runtime.stores.raw_log import RawLog
    from runtime.stores.runs import Runs
    from runtime.stores.secrets import Secrets
    from runtime.usecases.sync_warehouse import SyncWarehouse
    from runtime.usecases.tend_endpoints import TendEndpoints

T = TypeVar("T")
Journal = Callable[[Mapping[str, Any]], None]
# Jitter needs no secret dice; one generator a process, seeded by the system.
_DICE: Final = random.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Generic[T]):
    """What a queue's function does with its records.

    `decode` refuses a body with BadInput; `work` answers for each item None, or the error whose
    branch says whether it is parked or comes again; `park` keeps what can never be processed.
    """

    decode: Callable[[str], T]
    work: Callable[[Sequence[T]], Sequence[Exception | None]]
    park: Callable[..., None]


def in_lambda() -> bool:
    """Whether this process is a Lambda, whose idle start is the time to build things."""
    return settings.in_lambda()


def function() -> str:
    """Which of our functions this process is, for its logs and metrics."""
    return settings.function()


def fan_out(_journal: Journal) -> Worker[str]:
    """Events to hints."""
    from runtime.stores import config
    from runtime.stores.subscriptions import Subscriptions
    from runtime.usecases.fan_out import FanOut

    given, clients = settings.load(), Clients()
    table = config.table(clients.tables, given.config_table)
    work = FanOut(
        subscriptions=Subscriptions(config=table, clock=now),
        deliver=_hints(clients, given.deliver_queue_url),
        run=_hints(clients, given.run_queue_url),
        clock=now,
    )
    return Worker(decode=str, work=work, park=_parked(clients, given).park)


def run(journal: Journal) -> "Worker[Entry]":
    """Run hints to runs, and what they leave."""
    from runtime.core import concurrency, run_plan, schedule
    from runtime.core.envelope import timestamp
    from runtime.stores import config
    from runtime.stores.aws_json import wait
    from runtime.stores.bus import Bus
    from runtime.stores.functions import Functions
    from runtime.stores.sandbox_function import SandboxFunction
    from runtime.stores.turns import Turns
    from runtime.usecases.admit_runs import AdmitRuns
    from runtime.usecases.apply_run import ApplyRun
    from runtime.usecases.races import Races
    from runtime.usecases.run_function import RunFunctions

    given, clients = settings.load(), Clients()
    runs = _runs(clients, given)
    parked = _parked(clients, given)
    apply = ApplyRun(
        bus=Bus(client=clients.events, name=given.bus),
        deliver_queue=_hints(clients, given.deliver_queue_url),
        run_queue=_hints(clients, given.run_queue_url),
        deliveries=_deliveries(clients, given),
        parked=parked,
        queue_delay_max_s=given.queue_delay_max_s,
    )
    work = RunFunctions(
        functions=Functions(config=config.table(clients.tables, given.config_table)),
        runs=runs,
        profiles=runs.profiles,
        sandbox=SandboxFunction(client=clients.functions, name=given.sandbox_function),
        admit=AdmitRuns(
            permits=Turns(
                table=Table(client=clients.tables, name=given.runs_table),
                clock=now,
                lease_ms=concurrency.RUN_LEASE_MS,
            ),
            hints=_hints(clients, given.run_queue_url),
            dice=_DICE.random,
            new_owner=lambda: uuid.uuid4().hex,
        ),
        apply=apply,
        unseal=_secrets(clients, given).open,
        clock=now,
        retry_delay_s=lambda attempt: schedule.delay_s(
            schedule.DEFAULT_SCHEDULE_S, attempt=attempt, dice=_DICE.random()
        ),
        journal=journal,
        races=Races(dice=_DICE.random, pause=wait),
        allow_local_http=given.allow_local_http,
    )

    def decode(body: str) -> "Entry":
        return run_plan.entry(body, now=timestamp(now()))

    return Worker(decode=decode, work=work, park=parked.park)


def deliver(journal: Journal) -> "Worker[DeliverMessage]":
    """Deliver hints to attempts."""
    from runtime.core import messages
    from runtime.egress.client import Egress
    from runtime.egress.policy import EgressPolicy
    from runtime.egress.sender import Sender
    from runtime.stores import config
    from runtime.stores.known_webhooks import KnownWebhooks
    from runtime.stores.turns import Turns
    from runtime.stores.webhooks import Webhooks
    from runtime.usecases.admit_deliveries import AdmitDeliveries
    from runtime.usecases.courier import Courier
    from runtime.usecases.deliver_attempt import DeliverAttempts
    from runtime.usecases.divert_slow import DivertSlow

    given, clients = settings.load(), Clients()
    policy = EgressPolicy(allow_local=given.allow_local_http, ports=given.webhook_ports)
    table = config.table(clients.tables, given.config_table)
    tend = _tend(clients, given, journal)
    attempts = DeliverAttempts(
        deliveries=_deliveries(clients, given),
        webhooks=Webhooks(config=table),
        known_webhooks=KnownWebhooks(config=table, clock=now),
        hints=_hints(clients, given.deliver_queue_url),
        courier=Courier(
            sender=Sender(Egress(policy)),
            open_secret=_secrets(clients, given).open,
        ),
        admit=AdmitDeliveries(
            endpoints=tend.endpoints,
            turns=Turns(table=Table(client=clients.tables, name=given.deliveries_table), clock=now),
            clock=now,
            dice=_DICE.random,
            new_owner=lambda: uuid.uuid4().hex,
        ),
        endpoints=tend,
        clock=now,
        dice=_DICE.random,
        journal=journal,
        queue_delay_max_s=given.queue_delay_max_s,
    )
    divert = DivertSlow(
        endpoints=tend.endpoints,
        hints=_hints(clients, given.slow_queue_url),
        deliver=attempts.deliver_all,
        clock=now,
    )
    return Worker(
        decode=messages.parse_deliver,
        work=divert,
        park=_parked(clients, given).park,
    )


def project_profile(_journal: Journal) -> "Worker[Event]":
    """Events to profiles."""
    from runtime.stores.aws_json import wait
    from runtime.stores.profiles import Profiles
    from runtime.usecases.project_profile import ProjectProfiles
    from runtime.usecases.races import Races

    given, clients = settings.load(), Clients()
    work = ProjectProfiles(
        profiles=Profiles(table=Table(client=clients.tables, name=given.profiles_table)),
        races=Races(dice=_DICE.random, pause=wait),
    )
    return Worker(decode=_event, work=work, park=_parked(clients, given).park)


def archive(_journal: Journal) -> "Worker[Event]":
    """Events to the raw log."""
    from runtime.usecases.archive_batch import ArchiveBatch

    given, clients = settings.load(), Clients()
    put = ArchiveBatch(raw_log=_raw_log(clients, given), clock=now)
    return Worker(decode=_event, work=_as_one(put), park=_parked(clients, given).park)


def archive_profiles() -> Callable[[Iterable[Mapping[str, Any]]], None]:
    """Images of the profiles table's stream to the raw log."""
    from runtime.stores import codec
    from runtime.usecases.archive_profiles import ArchiveProfiles

    put = ArchiveProfiles(raw_log=_raw_log(Clients(), settings.load()), clock=now)

    def archive_images(images: Iterable[Mapping[str, Any]]) -> None:
        profiles: list[Profile] = [codec.profile(codec.from_stream(image)) for image in images]
        put(profiles)

    return archive_images


def sync() -> "SyncWarehouse":
    """The raw log to the lake and the warehouse."""
    from runtime.stores import config
    from runtime.stores.lake import LoadFiles
    from runtime.stores.ledger import Ledger
    from runtime.stores.parquet import Writer
    from runtime.stores.redshift import Redshift, read_migrations, read_queries
    from runtime.stores.syncs import Syncs
    from runtime.usecases.load_lake import LoadLake
    from runtime.usecases.load_redshift import LoadRedshift, Sql
    from runtime.usecases.sync_warehouse import SyncWarehouse

    given, clients = settings.load(), Clients()
    raw_log = _raw_log(clients, given)
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
        clock=now,
    )
    return SyncWarehouse(
        syncs=Syncs(config=config.table(clients.tables, given.config_table)),
        raw_log=raw_log,
        ledger=ledger,
        lake=LoadLake(files=files, clock=now),
        redshift=redshift,
        clock=now,
    )


def sweeps(journal: Journal) -> Mapping[str, Callable[[], int]]:
    """What is due, by kind, to hints; and what endpoints' tenants were not told yet."""
    from runtime.core.run import hint_delay_s
    from runtime.stores import keys
    from runtime.stores.replays import Replays
    from runtime.usecases.sweep_due import Sweep, delivery_hint, run_hint
    from runtime.usecases.work_replays import WorkReplays

    given, clients = settings.load(), Clients()
    found, hints = _deliveries(clients, given), _hints(clients, given.deliver_queue_url)
    most_s = given.queue_delay_max_s
    deliveries = Sweep(
        records=found,
        hints=hints,
        hint_of=delivery_hint,
        is_hinted=lambda delivery: delivery.hinted,
        shards=keys.DELIVERY_SHARDS,
        clock=now,
    )
    runs = Sweep(
        records=_runs(clients, given),
        hints=_hints(clients, given.run_queue_url),
        hint_of=run_hint,
        is_hinted=lambda run: hint_delay_s(run, queue_delay_max_s=most_s) is not None,
        shards=keys.RUN_SHARDS,
        clock=now,
    )
    endpoints = _tend(clients, given, journal).sweep
    replays = WorkReplays(
        deliveries=found,
        replays=Replays(table=found.table, retention_days=given.retention_days),
        hints=hints,
        clock=now,
    )
    return {"deliveries": deliveries, "runs": runs, "endpoints": endpoints, "replays": replays}


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


def _event(body: str) -> "Event":
    from runtime.core import bus_event
    from runtime.core.envelope import timestamp

    return bus_event.parse(body, now=timestamp(now()))


def _as_one(
    put: Callable[[Sequence[T]], object],
) -> Callable[[Sequence[T]], Sequence[Exception | None]]:
    """Work on a batch that succeeds or fails as a whole."""

    def work(items: Sequence[T]) -> Sequence[Exception | None]:
        put(items)
        return [None] * len(items)

    return work


def _hints(clients: Clients, url: str) -> "Hints":
    from runtime.stores.queues import Hints, Queue

    return Hints(queue=Queue(client=clients.queues, url=url))


def _parked(clients: Clients, given: Settings) -> "Parked":
    from runtime.stores.queues import Parked, Queue

    return Parked(queue=Queue(client=clients.queues, url=given.park_queue_url))


def _deliveries(clients: Clients, given: Settings) -> "Deliveries":
    from runtime.stores import bodies, delivery_log
    from runtime.stores.deliveries import Deliveries

    return Deliveries(
        table=Table(client=clients.tables, name=given.deliveries_table),
        log=delivery_log.in_table(given.delivery_log_table, clients, given.retention_days),
        bodies=bodies.in_bucket(given.bucket, clients),
    )


def _tend(clients: Clients, given: Settings, journal: Journal) -> "TendEndpoints":
    from runtime.stores import config
    from runtime.stores.bus import Bus
    from runtime.stores.endpoints import Endpoints
    from runtime.stores.webhooks import Webhooks
    from runtime.usecases.tend_endpoints import TendEndpoints

    table = Table(client=clients.tables, name=given.deliveries_table)
    return TendEndpoints(
        endpoints=Endpoints(table=table, clock=now),
        webhooks=Webhooks(config=config.table(clients.tables, given.config_table)),
        bus=Bus(client=clients.events, name=given.bus),
        clock=now,
        journal=journal,
    )


def _runs(clients: Clients, given: Settings) -> "Runs":
    from runtime.stores import bodies
    from runtime.stores.profiles import Profiles
    from runtime.stores.runs import Runs

    return Runs(
        table=Table(client=clients.tables, name=given.runs_table),
        profiles=Profiles(table=Table(client=clients.tables, name=given.profiles_table)),
        bodies=bodies.in_bucket(given.bucket, clients),
        retention_days=given.retention_days,
    )


def _raw_log(clients: Clients, given: Settings) -> "RawLog":
    from runtime.stores.raw_log import RawLog
    from runtime.stores.s3 import Bucket

    return RawLog(
        bucket=Bucket(client=clients.s3, name=given.bucket),
        table=Table(client=clients.tables, name=given.ledger_table),
    )


def _secrets(clients: Clients, given: Settings) -> "Secrets":
    import secrets as dice

    from runtime.stores.secrets import Secrets

    return Secrets(client=clients.kms, key_id=given.kms_key_id, random=dice.token_bytes)
