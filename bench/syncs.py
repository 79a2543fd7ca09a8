"""Measures how long 500 syncs take that are due at the same slot, and whose rows come last."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.report import Row, percentile
from infra.demo.bad_input import queue_url
from infra.demo.patience import Patience
from infra.demo.stage import Stage
from runtime.core.archive import raw_log
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.timestamps import epoch_ms, timestamp
from runtime.core.warehouse.plan import Load, LoadState
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.stores.archive.raw_log import RawLog
from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.aws.s3 import Bucket
from runtime.stores.tables import config
from runtime.stores.tables.table import Table
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.syncs import Syncs

TENANTS: Final = 100
SYNCS: Final = 5  # of each tenant
ROWS: Final = 200  # of each tenant, which each of its syncs loads
BATCHES: Final = 20  # raw batches, of all tenants mixed
HOUR: Final = timedelta(hours=1)
DEADLINE_S: Final = 600.0


class TooSlow(Exception):
    """Some syncs had not loaded their rows within the bench's deadline."""


def measure(stage: Stage) -> Iterator[Row]:
    """Have all syncs due at one slot, and wait until each has loaded its rows."""
    ledger = Ledger(table=_table(stage, "LedgerTable"))
    syncs = _syncs(stage)
    _archive(stage, ledger.table)
    began = datetime.now(UTC)
    _miss_a_slot(ledger.table, began)
    stage.invoke("SyncFunction", {})
    patience = Patience(DEADLINE_S, check=stage.refuse_denials)
    loads: dict[str, Load] = {}

    def are_loaded() -> bool:
        if _waiting(stage):  # to ask for each load would take the cores from the loads
            return False
        for sync in syncs:
            page = ledger.runs(sync.tenant, sync.id, limit=1).items
            loads.update({load.sync_id: load for load in page if _is_loaded(load)})
        return len(loads) == len(syncs)

    if not patience.until(are_loaded):
        raise TooSlow(f"{len(loads)} of {len(syncs)} syncs after {DEADLINE_S:.0f} s")
    yield from _rows(list(loads.values()), began_ms=int(began.timestamp() * 1000))


def _waiting(stage: Stage) -> int:
    """How many messages the sync queue has, those included that are being worked on."""
    answer = stage.sqs.get_queue_attributes(
        QueueUrl=queue_url(stage.sqs, "SyncQueue"),
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )
    return sum(int(number) for number in answer["Attributes"].values())


def _is_loaded(load: Load) -> bool:
    if load.state is LoadState.LOADED and load.rows_new != ROWS:
        raise TooSlow(f"load {load.load_id} has {load.rows_new} rows, must have {ROWS}")
    return load.state is LoadState.LOADED


def _rows(loads: Sequence[Load], *, began_ms: int) -> Iterator[Row]:
    lags_s = [(epoch_ms(load.finished_at or "") - began_ms) / 1000 for load in loads]
    took_s = [
        (epoch_ms(each.finished_at or "") - epoch_ms(each.started_at)) / 1000 for each in loads
    ]
    yield Row(
        what=f"{len(loads)} syncs that are due at one slot, all loaded",
        value=f"{max(lags_s):.0f} s",
        how=f"{TENANTS} tenants with {SYNCS} syncs into the lake each, {ROWS} rows a sync, two at a"
        " time; from the planner's call to the end of the last load, which is the largest lag",
    )
    yield Row(
        what="lag of the middle one of them",
        value=f"{percentile(lags_s, 50):.0f} s",
        how=f"a load itself takes {percentile(took_s, 50):.2f} s",
    )


def _syncs(stage: Stage) -> list[Sync]:
    """Tenants that nobody else has, and their syncs."""
    table = _table(stage, "ConfigTable")
    store, tenants = (
        Syncs(config=config.Config(table=table)),
        Tenants(config=config.Config(table=table)),
    )
    made_at = timestamp(datetime.now(UTC))
    made: list[Sync] = []
    for name in _tenants():
        tenants.ensure(name, created_at=made_at)
        for number in range(SYNCS):
            made.append(
                Sync(
                    id=f"syn_{name}_{number}",
                    tenant=name,
                    name=f"lake {number}",
                    kind=DestinationKind.S3,
                    created_at=made_at,
                )
            )
            store.add(made[-1])
    return made


def _archive(stage: Stage, table: Table) -> None:
    """Write the rows into the raw log, as the archive does, but all at once."""
    s3 = stage.client("s3")
    [name] = [each["Name"] for each in s3.list_buckets()["Buckets"] if "-bucket-" in each["Name"]]
    log, now = RawLog(bucket=Bucket(client=s3, name=name), table=table), datetime.now(UTC)
    events = [_event(name, n, at=timestamp(now)) for n in range(ROWS) for name in _tenants()]
    for number in range(BATCHES):
        log.append(raw_log.encode_events(events[number::BATCHES]), now=now)


def _event(tenant: str, number: int, *, at: str) -> Event:
    return Event(
        id=f"order-{number}",
        tenant=tenant,
        topic="metric.placed_order",
        occurred_at=at,
        received_at=at,
        profile=ProfileRef(external_id=f"c-{number % 50}"),
        properties={"value": number, "items": [{"sku": f"CD-{number}", "quantity": 1}]},
    )


def _tenants() -> list[str]:
    return [f"many-{n}" for n in range(TENANTS)]


def _miss_a_slot(table: Table, now: datetime) -> None:
    """Put the planner an hour back, so that every hourly sync has had a slot since."""
    until_ms = int((now - HOUR).timestamp() * 1000)
    change = table.update({"pk": "plan", "sk": "plan"}, "SET #until_ms = :ms", "", ms=until_ms)
    table.client.update_item(**change)


def _table(stage: Stage, name: str) -> Table:
    client = DynamoDB.direct(stage.client("dynamodb"), stage.session)
    return Table(client=client, name=stage.table(name))
