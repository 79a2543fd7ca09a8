"""A small installation, written or read by the release whose code is on the path.

`python -m tests.upgrade.installation write` stores one record of each kind and prints all tables.
`… read` takes such tables on its standard input and prints each record as this release reads it.
The file is run by two releases, so it uses only what both have.
"""

import base64
import json
import sys
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from runtime.core.warehouse.plan import Load, LoadState
from runtime.stores.tables.table import Table
from runtime.stores.tenancy.api_keys import ApiKeys
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.syncs import Syncs
from runtime.stores.webhooks.webhooks import Webhooks
from tests.builders import (
    a_delivery,
    a_profile,
    a_run,
    a_sync,
    a_webhook,
    an_api_key,
    an_event,
)
from tests.cloud import Cloud, in_process

PREFIX: Final = "upgrade"
TENANT: Final = "acme"
LOADS: Final = 3  # the last of them is open
STARTED: Final = "2026-11-20T13:04:0{}.123Z"
Tables = dict[str, list[dict[str, Any]]]


def ledger(cloud: Cloud) -> Table:
    """The ledger's table."""
    return cloud.table("ledger", sort="sk")


def make_tables(cloud: Cloud) -> list[Any]:
    """Make every table; they are empty."""
    return [
        cloud.config.table,
        cloud.events.table,
        cloud.profiles.table,
        cloud.profiles.names.table,
        cloud.deliveries.table,
        cloud.deliveries.log.table,
        cloud.runs.table,
        ledger(cloud),
    ]


def write(cloud: Cloud) -> None:
    """Store one record of each kind, and three loads."""
    _tenants()(config=cloud.config).ensure(TENANT, created_at=STARTED.format(0))
    ApiKeys(config=cloud.config).add(an_api_key())
    Webhooks(config=cloud.config).add(a_webhook())
    cloud.events.put([an_event()])
    cloud.keep(a_profile())
    cloud.deliveries.announce([a_delivery()])
    cloud.deliveries.add(a_delivery())
    cloud.runs.commit(a_run())
    syncs, loads = Syncs(config=cloud.config), Ledger(table=ledger(cloud))
    syncs.add(a_sync())
    for number in range(1, LOADS + 1):
        lease = loads.acquire(TENANT, a_sync().id, now_ms=number, lease_ms=1)
        loads.save(lease, load(number))
        if number < LOADS:
            loads.finish(lease, load(number))
        loads.release(lease)


def _tenants() -> Any:
    """The store of tenants, which has got a module of its own since."""
    own = "runtime.stores.tenancy.tenants"
    where = own if find_spec(own) else "runtime.stores.tenancy.api_keys"
    return import_module(where).Tenants


def load(number: int) -> Load:
    """The load of a batch; ids and times are in opposite orders."""
    return Load(
        tenant=TENANT,
        sync_id=a_sync().id,
        load_id=f"{LOADS - number}" * 32,
        trigger="schedule",
        first_seq=number,
        last_seq=number,
        state=LoadState.PLANNED if number == LOADS else LoadState.LOADED,
        versions="1.1",
        started_at=STARTED.format(number),
    )


def read(cloud: Cloud) -> dict[str, Any]:
    """Each record as this release reads it; None where it finds none."""
    event, profile = an_event(), a_profile()
    runs: Any = Ledger(table=ledger(cloud)).runs(TENANT, a_sync().id)
    return {
        "api_key": ApiKeys(config=cloud.config).find(an_api_key().sha256),
        "webhook": Webhooks(config=cloud.config).get(TENANT, a_webhook().id),
        "event": cloud.events.find(TENANT, event.id),
        "profile": cloud.profiles.find(TENANT, profile.id),
        "delivery": cloud.deliveries.find(a_delivery().id),
        "run": cloud.runs.find(a_run().id),
        "sync": Syncs(config=cloud.config).get(TENANT, a_sync().id),
        **{f"load {each.load_id[0]}": each for each in getattr(runs, "items", runs)},
    }


def dump(cloud: Cloud) -> Tables:
    """All items of all tables, by the tables' names."""
    return {
        name: cloud.clients.dynamodb.scan(TableName=name)["Items"]
        for what, name in cloud.made.items()
        if what == name
    }


def fill(cloud: Cloud, tables: Tables) -> None:
    """Put these items into the tables."""
    for name, stored in tables.items():
        for item in stored:
            cloud.clients.dynamodb.put_item(TableName=name, Item=item)


def to_text(tables: Tables) -> str:
    """Tables as JSON; bytes are marked."""
    return json.dumps(tables, default=lambda raw: {"bytes": base64.b64encode(raw).decode()})


def from_text(text: str) -> Tables:
    """The tables that `to_text` has made the text of."""
    tables: Tables = json.loads(text, object_hook=_bytes)
    return tables


def _bytes(raw: dict[str, Any]) -> Any:
    return base64.b64decode(raw["bytes"]) if raw.keys() == {"bytes"} else raw


def main() -> None:
    """Do what the command line says."""
    with in_process() as account:
        cloud = Cloud(clients=account.clients, prefix=PREFIX)
        make_tables(cloud)
        if sys.argv[1] == "write":
            write(cloud)
            sys.stdout.write(to_text(dump(cloud)))
        else:
            fill(cloud, from_text(sys.stdin.read()))
            records = {
                name: None if record is None else asdict(record)
                for name, record in read(cloud).items()
            }
            sys.stdout.write(json.dumps(records, default=str))


if __name__ == "__main__":
    main()
