"""On the local cloud, with its roles: after an erasure no store has a byte of the person."""

import gzip
import json
import tempfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from cli.client import Client
from infra.demo.patience import Patience
from infra.local import deploy, emulator
from infra.local.redshift.client import QueryFailed, query
from infra.local.state import LocalCloud
from runtime.core.jobs.durable import SETTLE_MS
from runtime.core.timestamps import moment
from runtime.core.warehouse.sync import default_schema
from runtime.stores.tables import codec
from tests.e2e.conftest import Penstock
from tests.e2e.recorder import Recorder

pytestmark = pytest.mark.e2e

DEADLINE_S = 120
# What the job counts at least: three events, their runs, and the rows of loads and batches.
EVIDENCE = {"events": 3, "raw_log_rows": 4, "lake_rows": 4, "discards_rows": 1}
PARQUET = b"PAR1"  # what a file of it begins with
SETTLED = timedelta(milliseconds=SETTLE_MS)
_COUNT = "SELECT COUNT(*) AS n FROM {}.events WHERE topic = '{}'"
CANARY = "canary-ada"
NEIGHBOUR = "neighbour-bob"
TOPIC = "metric.e2e_erased"
# It refuses every connection, and is tried again long after the test.
WAITS = {"name": "waits", "url": "http://127.0.0.1:9/", "retry_schedule_s": [7200]}
SOURCE = "def handler(event):\n    return {'seen': event['properties']['note']}\n"
NOISE = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(30_000))


def test_no_store_has_a_byte_of_an_erased_person(
    local_cloud: LocalCloud, api: Client, penstock: Penstock, recorder: Recorder
) -> None:
    """Names, properties, payloads, outputs, large bodies and rows; a neighbour keeps all."""
    hook = {"name": "erased", "topics": [TOPIC], "url": recorder.url("erased")}
    webhook = api.post("/v1/webhooks", hook)
    waiting = api.post("/v1/webhooks", hook | WAITS)
    api.post("/v1/functions", {"name": "e2e-erased", "triggers": [{"topics": [TOPIC]}]})
    api.post("/v1/functions/e2e-erased/versions", {"source": SOURCE})
    api.post("/v1/functions/e2e-erased/publish", {"version": 1})
    sync = api.post("/v1/syncs", {"name": "erased", "kind": "redshift"})
    for word in (CANARY, NEIGHBOUR):
        api.post("/v1/events", {"events": list(_events(word))})
    _until(lambda: len(recorder.got("erased")) >= 6)
    _until(lambda: api.get("/v1/profiles", {"email": f"{CANARY}@example.com"})["data"])
    [profile] = api.get("/v1/profiles", {"external_id": f"{CANARY}-id"})["data"]
    _until(lambda: len(_runs(api)) >= 6)
    stores = Stores(local_cloud)
    _until(lambda: _are_loaded(stores, api, sync))
    _until(lambda: {"events", "runs", "deliveries", "timeline"} <= stores.kinds(CANARY))
    before = stores.of(NEIGHBOUR)

    job = penstock("profiles", "erase", profile["id"], "--yes")
    late = {**next(_events(CANARY)), "id": "evt-late"}
    _until(lambda: datetime.now(UTC) > moment(job["created_at"]) + SETTLED)
    api.post("/v1/events", {"events": [late]})
    _until(lambda: stores.worked_off(job["id"]))

    assert [] == sorted(stores.of(CANARY))
    assert [] == sorted(_lost(before, stores.everything()))
    counts = api.get(f"/v1/jobs/{job['id']}")["counts"]
    assert {name for name, least in EVIDENCE.items() if counts[name] < least} == set(), counts
    for each in (webhook, waiting):
        api.delete(f"/v1/webhooks/{each['id']}")
    api.delete("/v1/functions/e2e-erased")


class Stores:
    """Every table, object and row of the local cloud."""

    def __init__(self, local_cloud: LocalCloud) -> None:
        self._cloud = local_cloud
        self._session = emulator.root()

    def _client(self, service: Any) -> Any:
        return self._session.client(service, endpoint_url=self._cloud.aws_endpoint)

    @property
    def schema(self) -> str:
        """The schema that the sync loads."""
        return default_schema(self._cloud.tenant)

    def select(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a SELECT in the warehouse."""
        endpoint = self._cloud.redshift_endpoint
        return query(self._session.client("redshift-data", endpoint_url=endpoint), sql)

    def everything(self) -> dict[str, str]:
        """What each place holds, in the clear."""
        return {**dict(self._items()), **dict(self._objects()), **dict(self._warehouse())}

    def of(self, word: str) -> dict[str, str]:
        """The places that hold the word."""
        return {at: text for at, text in self.everything().items() if word in text}

    def kinds(self, word: str) -> set[str]:
        """Which tables hold the word."""
        names = ("Events", "Runs", "Deliveries", "Timeline")
        return {name.lower() for at in self.of(word) for name in names if f"{name}Table" in at}

    def worked_off(self, job_id: str) -> bool:
        """Whether the job is done, after one more call of the function that works jobs off."""
        functions = self._client("lambda")
        name = deploy.function(functions, "JobsFunction")
        payload = json.dumps({"tenant": self._cloud.tenant, "job_id": job_id})
        functions.invoke(FunctionName=name, Payload=payload.encode())
        [job] = [text for at, text in self._items() if "JobsTable" in at and job_id in at]
        state = json.loads(job)["state"]["S"]
        assert state in {"running", "done"}, job
        return bool(state == "done")

    def _items(self) -> Iterator[tuple[str, str]]:
        dynamodb = self._client("dynamodb")
        for table in dynamodb.list_tables()["TableNames"]:
            for page in dynamodb.get_paginator("scan").paginate(TableName=table):
                for item in page["Items"]:
                    yield f"{table} {item['pk']} {item.get('sk')}", _clear(item)

    def _objects(self) -> Iterator[tuple[str, str]]:
        s3 = self._client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
                for each in page.get("Contents", []):
                    body = s3.get_object(Bucket=bucket["Name"], Key=each["Key"])["Body"].read()
                    for place, row in enumerate(_rows(body)):
                        yield f"{each['Key']} {place}", row

    def _warehouse(self) -> Iterator[tuple[str, str]]:
        for table in ("events", "profiles", "_erasures"):
            for row in self.select(f"SELECT * FROM {self.schema}.{table}"):  # noqa: S608 - ours
                key = row.get("id") or row["profile_id"]
                yield f"{table} {key}", json.dumps(row, sort_keys=True, ensure_ascii=False)


def _events(word: str) -> Iterator[dict[str, Any]]:
    """Two people who turn out to be one, and something large."""
    card = {"external_id": f"{word}-id"}
    mail = {"email": f"{word}@example.com"}
    for number, (profile, extra) in enumerate(((card, ""), (mail, ""), (card | mail, NOISE))):
        yield {
            "id": f"evt-e2e-{len(word)}-{number}",
            "topic": TOPIC,
            "profile": profile,
            "properties": {"note": f"{word} was here {extra}"},
        }


def _runs(api: Client) -> list[Any]:
    return list(api.each("/v1/functions/e2e-erased/runs", limit=10))


def _are_loaded(stores: "Stores", api: Client, sync: Any) -> bool:
    api.post(f"/v1/syncs/{sync['id']}/run")
    try:
        [counted] = stores.select(_COUNT.format(stores.schema, TOPIC))
    except QueryFailed:  # the first load has not made the table yet
        return False
    return int(counted["n"]) >= 6


def _rows(body: bytes) -> list[str]:
    """The rows of an object: Parquet, JSON Lines, or a text of its own."""
    if body.startswith(PARQUET):
        with tempfile.NamedTemporaryFile() as file, duckdb.connect() as connection:
            file.write(body)
            file.flush()
            rows = connection.execute("SELECT * FROM read_parquet($file)", {"file": file.name})
            return [str(row) for row in rows.fetchall()]
    data = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    return data.decode(errors="replace").splitlines()


def _lost(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What is not there any more: as it was where it was, or in a file of many people anywhere.

    The rows of such a file move up when one is taken out. Staged files go once they are loaded.
    """
    texts = set(after.values())
    return [
        at
        for at, text in before.items()
        if not at.startswith("stage/")
        and after.get(at) != text
        and not (at.startswith(("raw/", "lake/", "discard/")) and text in texts)
    ]


def _clear(item: dict[str, Any]) -> str:
    """An item with its compressed attributes read."""
    values = {
        name: zlib.decompress(value["B"], wbits=codec.EITHER_FORM).decode()
        if "B" in value
        else value
        for name, value in item.items()
    }
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def _until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    assert Patience(DEADLINE_S).until(lambda: bool(holds()))
