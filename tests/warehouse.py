"""A small world for the sync: real stores on moto, a real stand-in for Redshift.

`plan()` is one call of the planner, and `work()` runs what the queue hands out by then. `planner()`
is one process of the sync function. It can be killed at its n-th call of AWS, before or after the
call took effect; once dead it stays dead.
"""

import itertools
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import duckdb

from infra.local.redshift import client as reader
from infra.local.redshift.server import RedshiftServer
from runtime.core.archive import raw_log
from runtime.core.archive.raw_log import RawBatch
from runtime.core.events.envelope import Event
from runtime.core.profiles.profile import Profile
from runtime.core.warehouse.dialects import redshift
from runtime.core.warehouse.grants import Loader
from runtime.core.warehouse.messages import SyncMessage
from runtime.core.warehouse.plan import Load
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.settings.s3 import OwnBucket
from runtime.core.warehouse.sync import DestinationKind
from runtime.stores.archive.raw_log import RawLog
from runtime.stores.aws.clients import Clients
from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.aws.s3 import Bucket
from runtime.stores.tables.table import Table
from runtime.stores.warehouse.lake import LoadFiles
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.own_bucket import OwnBuckets
from runtime.stores.warehouse.parquet import Writer
from runtime.stores.warehouse.redshift.data_api import DataApi
from runtime.stores.warehouse.refresh_files import Lakes
from runtime.stores.warehouse.sync_plan import SyncPlan
from runtime.usecases.archive.archive_batch import ArchiveBatch
from runtime.usecases.archive.archive_profiles import ArchiveProfiles
from runtime.usecases.ports import Hints
from runtime.usecases.warehouse.check_grants import CheckGrants
from runtime.usecases.warehouse.load_lake import LoadLake
from runtime.usecases.warehouse.load_own import Connect, LoadOwn, OwnWarehouses
from runtime.usecases.warehouse.load_sql import LoadSql
from runtime.usecases.warehouse.load_staged import LoadStaged
from runtime.usecases.warehouse.plan_syncs import PlanSyncs
from runtime.usecases.warehouse.refresh_table import RefreshTable
from runtime.usecases.warehouse.run_syncs import RunSyncs
from runtime.usecases.warehouse.sync_warehouse import SyncWarehouse
from runtime.usecases.warehouse.tend_sync import TendSync
from tests.doubles import Journal, MemoryBus, MemoryErasures
from tests.held_syncs import HeldSyncs
from tests.planner_deaths import Death
from tests.redshift_standin import Roles
from tests.virtual_queue import VirtualQueue

if TYPE_CHECKING:
    from runtime.usecases.warehouse.destination import Destination

ROLE = "arn:aws:iam::000000000000:role/copy"
LOADER = Loader(database="penstock", user="IAMR:loader", copy_role_arn=ROLE)
PREFIX = "penstock/"  # an installation's name and a slash
START = datetime(2026, 11, 20, 13, 4, 5, tzinfo=UTC)
_names = itertools.count()


@dataclass(frozen=True, slots=True)
class Watched:
    """The calls that stores make of DynamoDB, each a point at which the process may die."""

    world: "World"
    calls: DynamoDB

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self.calls, name)

        def watched(**request: Any) -> Any:
            death = self.world.death
            if death is not None:
                death.before(name.title().replace("_", ""))
            answer = call(**request)
            if death is not None:
                death.after()
            return answer

        return watched


class World:
    """One installation: a bucket, a ledger table, a warehouse, a clock, and its syncs.

    Args:
        folder: for its files.
        grants_first: whether the warehouse's superuser has granted what loads need.
        redshift: the warehouse's server; None for one in this process.
        events: the bus that this one announces the ends of statements on; None for no bus.
    """

    def __init__(
        self, folder: Path, *, grants_first: bool = True, redshift: Any = None, events: Any = None
    ) -> None:
        self.name = f"world-{next(_names)}"
        self.prefix = "" if events is None else PREFIX  # of the names of statements
        self.death: Death | None = None
        self._clients: dict[Any, Any] = {}
        self.clock_at = START
        self.postgresql: Connect | None = None  # of syncs into PostgreSQL; None: there are none
        self.syncs = HeldSyncs()
        self.queue = VirtualQueue[SyncMessage](self.clock)
        self.bus = MemoryBus()
        self.journal = Journal()
        self.folder = folder
        self.s3.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.client("dynamodb").create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        self._tables = Watched(self, DynamoDB.direct(self.client("dynamodb"), boto3.Session()))
        self.redshift = redshift or RedshiftServer(
            database=folder / f"{self.name}.duckdb",
            s3=boto3.client("s3"),  # not a call of the process that dies
            identity=Roles(boto3.client("s3")),
            events=events,
            now=lambda: self.clock().timestamp(),
        )

        self.admin = reader.connect(self.redshift.url)
        if grants_first:
            self.grant()

    def grant(self) -> None:
        """The warehouse's superuser runs what `penstock syncs grants` prints."""
        database = DataApi(client=self.admin, workgroup="penstock", database="penstock")
        missing = CheckGrants(database=database)(LOADER)
        database.run([each.statement for each in missing], wait_s=30)

    def close(self) -> None:
        """Stop the warehouse."""
        self.redshift.close()

    def client(self, service: Any) -> Any:
        """A client of this installation, in whichever process runs now."""
        if service not in self._clients:
            made = (
                reader.connect(self.redshift.url, region="eu-central-1", access_key="loader")
                if service == "redshift-data"
                else boto3.client(service)
            )
            made.meta.events.register("before-call", self._before)
            made.meta.events.register("after-call", self._after)
            self._clients[service] = made
        return self._clients[service]

    def as_role(self, bucket: OwnBucket, external_id: str) -> Any:
        """S3 in the name of the role of somebody's bucket."""
        if bucket not in self._clients:
            made = Clients().s3_as(bucket.role_arn, external_id=external_id, region=bucket.region)
            made.meta.events.register("before-call", self._before)
            made.meta.events.register("after-call", self._after)
            self._clients[bucket] = made
        return self._clients[bucket]

    def _before(self, model: Any, **_: Any) -> None:
        if self.death is not None:
            self.death.before(model.name)

    def _after(self, **_: Any) -> None:
        if self.death is not None:
            self.death.after()

    @property
    def s3(self) -> Any:
        """S3, to look and to meddle."""
        return self.client("s3")

    def clock(self) -> datetime:
        """Now."""
        return self.clock_at

    def pass_time(self, **spans: float) -> None:
        """Let time pass."""
        self.clock_at += timedelta(**spans)

    def raw_log(self) -> RawLog:
        """The raw log."""
        bucket = Bucket(client=self.client("s3"), name=self.name)
        return RawLog(bucket=bucket, table=self.table())

    def archive(self, *events: Event) -> int | None:
        """One batch of events arrives."""
        archive = ArchiveBatch(raw_log=self.raw_log(), erasures=MemoryErasures(), clock=self.clock)
        return archive(events)

    def archive_profiles(self, *profiles: Profile) -> int | None:
        """One batch of snapshots arrives."""
        return ArchiveProfiles(raw_log=self.raw_log(), clock=self.clock)(profiles)

    def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger(table=self.table())

    def table(self) -> Table:
        """The ledger's table."""
        return Table(client=cast("DynamoDB", self._tables), name=self.name)

    def planner(
        self,
        death: Death | None = None,
        *,
        workgroup: str = "penstock",
        statement_wait_s: float = 300,  # as long as a busy machine may take
    ) -> SyncWarehouse:
        """One process of the sync function."""
        self.death = death
        files, ledger = self._files(), self.ledger()
        warehouse = self.warehouse(workgroup=workgroup, statement_wait_s=statement_wait_s)
        log = files.raw_log
        destinations: dict[DestinationKind, Destination] = {
            DestinationKind.S3: LoadLake(
                files=files,
                copies=OwnBuckets(
                    connect=self.as_role, indexes=files.bucket, scratch=files.writer.scratch
                ),
                clock=self.clock,
            ),
            DestinationKind.REDSHIFT: LoadStaged(
                files=files, warehouse=warehouse, clock=self.clock
            ),
        }
        if self.postgresql is not None:
            destinations[DestinationKind.POSTGRESQL] = LoadOwn(
                warehouses=OwnWarehouses(
                    connect=self.postgresql, open_secret=lambda _tenant, text: text
                ),
                files=files,
                clock=self.clock,
            )
        return SyncWarehouse(
            syncs=self.syncs,
            raw_log=log,
            ledger=ledger,
            destinations=destinations,
            tend=TendSync(ledger=ledger, bus=self.bus, clock=self.clock, journal=self.journal),
            clock=self.clock,
            raw_kept=timedelta(days=29),
        )

    def warehouse(self, *, workgroup: str = "penstock", statement_wait_s: float = 300) -> LoadSql:
        """What loads the warehouse, in whichever process runs now."""
        return LoadSql(
            statements=DataApi(
                client=self.client("redshift-data"),
                workgroup=workgroup,
                database="penstock",
                prefix=self.prefix,
            ),
            schemas=self.ledger(),
            dialect=redshift.DIALECT,
            uri=lambda key: f"s3://{self.name}/{key}",
            copy_role=ROLE,
            statement_wait_s=statement_wait_s,
        )

    def _files(self) -> LoadFiles:
        log, scratch = self.raw_log(), Path(tempfile.mkdtemp(dir=self.folder))
        return LoadFiles(raw_log=log, bucket=log.bucket, writer=Writer(scratch=scratch))

    def refresher(self, death: Death | None = None) -> RefreshTable:
        """One process of the sync function, for refreshes."""
        self.death = death
        ledger = self.ledger()
        tend = TendSync(ledger=ledger, bus=self.bus, clock=self.clock, journal=self.journal)
        return RefreshTable(
            syncs=self.syncs,
            lakes=Lakes(files=self._files()),
            ledger=ledger,
            warehouses={DestinationKind.REDSHIFT: lambda _: self.warehouse()},
            loaded=tend.loaded,
            clock=self.clock,
        )

    def runs(self, sync_id: str = "syn_1") -> tuple[Load, ...]:
        """The latest loads of a sync of acme, the newest first."""
        return self.ledger().runs("acme", sync_id).items

    def progress(self, sync_id: str = "syn_1") -> Progress:
        """How far a sync of acme has come."""
        return self.ledger().progress("acme", sync_id)

    def plan(self, *, queue: Hints[SyncMessage] | None = None) -> int:
        """The planner comes; returns how many syncs it has asked for."""
        planner = PlanSyncs(
            syncs=self.syncs,
            ledger=self.ledger(),
            plan=SyncPlan(table=self.table()),
            queue=queue or self.queue,
        )
        return planner(self.clock())

    def work(self, planner: SyncWarehouse | None = None) -> list[Mapping[str, Any]]:
        """Run what the queue hands out by now; returns the line of the log of each run."""
        lines: list[Mapping[str, Any]] = []
        run = RunSyncs(
            sync=planner or self.planner(),
            anew=self.refresher(self.death),
            queue=self.queue,
            clock=self.clock,
            journal=lines.append,
        )
        for problem in run(self.queue.take(1000)):
            if problem is not None:
                raise problem
        return lines

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Ask the warehouse as an analyst would."""
        return reader.query(self.admin, sql)

    def lake(self, sql: str, *, table: str) -> list[tuple[Any, ...]]:
        """Ask the Parquet files of a table, which the query calls `lake`."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        keys = [key for key in self.keys("lake/") if f"/{table}/" in key]
        for number, key in enumerate(keys):
            body = self.client("s3").get_object(Bucket=self.name, Key=key)["Body"].read()
            (folder / f"{number}.parquet").write_bytes(body)
        with duckdb.connect() as connection:
            files = f"SELECT * FROM read_parquet('{folder}/*.parquet')"  # noqa: S608 - ours
            connection.execute(f"CREATE VIEW lake AS {files}")
            return connection.execute(sql).fetchall()

    def file_rows(self, key: str) -> list[dict[str, Any]]:
        """The rows of one object: Parquet, gzipped JSON Lines, a manifest, or an index."""
        body = self.client("s3").get_object(Bucket=self.name, Key=key)["Body"].read()
        if key.endswith(".jsonl.gz"):
            return raw_log.rows(body)
        if not key.endswith(".parquet"):
            return [{"text": body.decode(errors="replace")}]
        path = Path(tempfile.mkdtemp(dir=self.folder), "file.parquet")
        path.write_bytes(body)
        with duckdb.connect() as connection:
            answer = connection.execute("SELECT * FROM read_parquet($file)", {"file": str(path)})
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def ids(self, schema: str = "penstock_acme") -> list[str]:
        """The ids of all rows of `events`, doubles and all."""
        rows = self.query(f"SELECT id FROM {schema}.events ORDER BY id")  # noqa: S608 - ours
        return [row["id"] for row in rows]

    def rows(self, batch: RawBatch) -> list[dict[str, Any]]:
        """What a raw batch holds."""
        body = self.s3.get_object(Bucket=self.name, Key=batch.key)["Body"].read()
        return raw_log.rows(body)

    def raw_rows(self) -> list[dict[str, Any]]:
        """What all raw batches hold."""
        return [row for batch in self.raw_log().since(0) for row in self.rows(batch)]

    def keys(self, prefix: str) -> Sequence[str]:
        """The bucket's keys under a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [held["Key"] for page in pages for held in page.get("Contents", [])]
