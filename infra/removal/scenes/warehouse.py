"""Scenes of syncs: loads, the lake, gaps, destinations of a tenant's own."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.demo import accidents, compacting, gaps, reconciling
from infra.demo.patience import Patience
from infra.demo.setup import only_sync
from infra.demo.stage import Stage
from infra.removal.scenes import parts
from infra.removal.trials import Scene
from runtime.stores.tables import keys

TOPIC: Final = "metric.loaded"
OWN_ROLE: Final = "writer"
ROLE_PATH: Final = "/penstock/"
SETTINGS: Final = {
    "host": "localhost",
    "database": "shop",
    "user": "penstock",
    "password": "unused",
}


@dataclass(kw_only=True)
class _Database:
    """Stands where a database would: it takes connections, and hangs up."""

    port: int  # on loopback
    dialled: int = 0  # connections so far

    def answer(self, server: socket.socket) -> None:
        """Take connections until the server is closed."""
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self.dialled += 1
            connection.close()


def _send(stage: Stage, *ids: str) -> None:
    events = [
        parts.event(stage, each, TOPIC, profile={"external_id": f"{each}-person"}) for each in ids
    ]
    stage.doors.by_bus(events)


def _load(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    _send(stage, "loaded-1")
    yield from parts.wait(
        patience,
        "an event did not get to the warehouse",
        lambda: _has_loaded(stage, "loaded-1"),
    )
    yield from parts.wait(patience, "no load is recorded", lambda: "api" in _triggers(stage))


def _has_loaded(stage: Stage, event_id: str) -> bool:
    """Whether an event is in the warehouse; asks for a load."""
    stage.api.post(f"/v1/syncs/{stage.setup.sync}/run")
    return stage.warehouse.has_event(event_id)


def _make_loaded(stage: Stage, event_id: str = "loaded-1") -> None:
    _send(stage, event_id)
    parts.need("event in the warehouse", lambda: _has_loaded(stage, event_id))
    parts.need("load on record", lambda: "api" in _triggers(stage))


def _load_again(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    path = f"/v1/syncs/{stage.setup.sync}"
    stage.api.post(f"{path}/backfill", {})
    yield from parts.wait(
        patience, "the backfill loaded nothing", lambda: "backfill" in _triggers(stage)
    )
    stage.api.post(f"{path}/refresh", {"table": "profiles"})
    yield from parts.wait(
        patience, "the refresh loaded nothing", lambda: "refresh" in _triggers(stage)
    )


def _triggers(stage: Stage) -> set[str]:
    loads = stage.api.get(f"/v1/syncs/{stage.setup.sync}/runs")["data"]
    return {load["trigger"] for load in loads if load["state"] == "loaded"}


def _make_two_files(stage: Stage) -> None:
    for event_id in ("loaded-1", "loaded-2"):
        _make_loaded(stage, event_id)


def _compact(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    return compacting.problems(stage, patience)


def _make_people(stage: Stage) -> None:
    _send(stage, *(f"person-{n}" for n in range(reconciling.LOST)))

    def are_loaded() -> bool:
        stage.api.post(f"/v1/syncs/{stage.setup.sync}/run")
        return len(stage.warehouse.some_profiles(reconciling.LOST)) == reconciling.LOST

    parts.need("people in the warehouse", are_loaded)


def _reconcile(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    parts.empty(stage, "ReconcileDeadLetters")
    return reconciling.problems(stage, patience)


def _check(stage: Stage, _: Any, _patience: Patience) -> Iterator[str]:
    checked = stage.call("CheckSyncsFunction", {}).get("syncs")
    if not checked:
        yield f"{checked} syncs were checked"


def _checks_fail(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    """A sync that no code can read stops both functions that go through all syncs."""
    parts.empty(stage, "SyncDeadLetters")
    dynamodb, table = stage.client("dynamodb"), stage.table("ConfigTable")
    key = {"pk": {"S": keys.tenant(stage.tenant)}, "sk": {"S": keys.sync("syn_unreadable")}}
    dynamodb.put_item(TableName=table, Item={**key, "kind": {"S": "unreadable"}})
    try:
        stage.invoke("CheckSyncsFunction", {})
        yield from parts.wait(
            patience,
            "a check of syncs that failed was not reported",
            lambda: parts.filled(stage, "SyncDeadLetters") > 0,
        )
    finally:
        dynamodb.delete_item(TableName=table, Key=key)


def _gap(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    return gaps.problems(stage, patience)


def _make_bucket(stage: Stage) -> str:
    """A bucket of the tenant's own, and a role that may write to it."""
    name = f"{stage.tenant}-own"
    stage.client("s3").create_bucket(Bucket=name)
    iam = stage.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        Path=ROLE_PATH,
        RoleName=f"{OWN_ROLE}-{stage.tenant}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    may = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}*"}
    iam.put_role_policy(
        RoleName=role["RoleName"],
        PolicyName="write",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
    )
    settings = {"bucket": name, "role_arn": role["Arn"]}
    request = {"name": "own", "kind": "s3", "schedule": "manual", "settings": settings}
    return str(stage.api.post("/v1/syncs", request)["id"])


def _own_bucket(stage: Stage, sync: str, patience: Patience) -> Iterator[str]:
    _send(stage, "own-1")

    def is_there() -> bool:
        parts.has_loaded(stage, f"/v1/syncs/{sync}")
        listed = stage.client("s3").list_objects_v2(Bucket=f"{stage.tenant}-own")
        return bool(listed.get("KeyCount"))

    yield from parts.wait(patience, "no file came into a bucket of the tenant's own", is_there)
    stage.api.post(f"/v1/syncs/{sync}/pause")
    yield from parts.wait(
        patience,
        "nobody is known",
        lambda: parts.find(stage, external_id="own-1-person") is not None,
    )
    person = parts.find(stage, external_id="own-1-person")["id"]
    job = stage.api.delete(f"/v1/profiles/{person}")["id"]

    def is_erased() -> bool:
        stage.call("JobsFunction", {"tenant": stage.tenant, "job_id": job})
        return bool(stage.api.get(f"/v1/jobs/{job}")["state"] == "done")

    yield from parts.wait(patience, "somebody was not erased from the tenant's bucket", is_erased)


@contextmanager
def _database() -> Iterator[_Database]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        database = _Database(port=server.getsockname()[1])
        threading.Thread(target=database.answer, args=(server,), daemon=True).start()
        yield database


def _own_database(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    """Both the load and the erasure open the login before they dial; of each another database."""
    _send(stage, "own-1")
    with _database() as loaded:
        sync = _dialling(stage, "loaded", loaded)

        def has_dialled() -> bool:
            stage.api.post(f"/v1/syncs/{sync}/run")
            return loaded.dialled > 0

        yield from parts.wait(patience, "a sync did not dial its database", has_dialled)
    # An erasure goes through the syncs one after the other, and would end at this one.
    stage.api.delete(f"/v1/syncs/{sync}", {"force": "true"})
    yield from parts.wait(
        patience, "no profile", lambda: bool(parts.find(stage, external_id="own-1-person"))
    )
    person = parts.find(stage, external_id="own-1-person")["id"]
    with _database() as erased:
        _dialling(stage, "erased", erased)
        job = stage.api.delete(f"/v1/profiles/{person}")["id"]

        def is_dialled() -> bool:
            stage.call("JobsFunction", {"tenant": stage.tenant, "job_id": job})
            return erased.dialled > 0

        yield from parts.wait(patience, "an erasure did not dial the database", is_dialled)


def _dialling(stage: Stage, name: str, database: _Database) -> str:
    """Make a sync to a database, which runs when it is asked to; its id."""
    settings = {**SETTINGS, "port": str(database.port)}
    request = {"name": name, "kind": "postgresql", "schedule": "manual", "settings": settings}
    return str(stage.api.post("/v1/syncs", request)["id"])


def _make_yesterday(stage: Stage) -> None:
    """The first batch of the raw log came yesterday, whose usage nobody has counted."""
    dynamodb, table = stage.client("dynamodb"), stage.table("LedgerTable")
    raw = {"pk": {"S": keys.RAW}, "sk": {"S": keys.raw_batch(1)}}
    day = datetime.now(UTC).date() - timedelta(days=1)
    parts.need("batch", lambda: "Item" in dynamodb.get_item(TableName=table, Key=raw))
    dynamodb.update_item(
        TableName=table,
        Key=raw,
        UpdateExpression="SET appended_at = :noon",
        ExpressionAttributeValues={":noon": {"S": f"{day}T12:00:00.000Z"}},
    )
    counted = {"pk": {"S": keys.COUNTED_DAYS}, "sk": {"S": str(day)}}
    dynamodb.delete_item(TableName=table, Key=counted)


def _usage(stage: Stage, _: Any, _patience: Patience) -> Iterator[str]:
    answer = stage.call("JobsFunction", {"compact_before": None})
    if not answer.get("usage_days"):
        yield f"the usage of yesterday was not counted and told: {answer}"


def _sync_fails(stage: Stage, _: Any, patience: Patience) -> Iterator[str]:
    parts.empty(stage, "SyncDeadLetters")
    return accidents.failing_sync(stage, patience)


SCENES: Final = (
    Scene(
        name="load",
        begin=only_sync,
        says="an event gets into the warehouse, and into the lake",
        act=_load,
    ),
    Scene(
        name="load-again",
        begin=only_sync,
        says="a backfill and a refresh load once more what the warehouse has",
        prepare=_make_loaded,
        act=_load_again,
    ),
    Scene(
        name="compaction",
        begin=only_sync,
        says="many small files of the lake become one, with every row",
        prepare=_make_two_files,
        act=_compact,
    ),
    Scene(
        name="reconciliation",
        begin=only_sync,
        says="a change of a profile that was lost is archived again, and a failure is reported",
        prepare=_make_people,
        act=_reconcile,
    ),
    Scene(
        name="own-bucket",
        says="a load puts its files into a bucket of the tenant's own, and an erasure looks there",
        prepare=_make_bucket,
        act=_own_bucket,
    ),
    Scene(
        name="own-database",
        says="a load and an erasure open the login of a database of the tenant's own, and dial it",
        act=_own_database,
    ),
    Scene(
        name="gap",
        begin=only_sync,
        says="a sync that misses a raw batch says so, and is let go on",
        prepare=_make_loaded,
        act=_gap,
    ),
    Scene(
        name="usage",
        says="what each tenant used is counted when a day has ended, and each tenant is told",
        prepare=_make_yesterday,
        act=_usage,
    ),
    Scene(name="check", begin=only_sync, says="syncs are checked each hour", act=_check),
    Scene(
        name="check-fails",
        begin=only_sync,
        says="a check of syncs that fails is reported",
        act=_checks_fail,
    ),
    Scene(
        name="sync-fails", says="a message to syncs that cannot be read is parked", act=_sync_fails
    ),
)
