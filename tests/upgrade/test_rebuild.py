"""`rebuild-an-installation.md` is followed word for word, on a cloud in which all is lost.

The cloud is one of its own: other tests could not go on in it meanwhile.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import httpx
import pytest

from cli._connection import Connection
from cli._errors import CommandFailed
from cli.client import Client
from infra.demo.patience import Patience
from infra.local import cloud, deploy, emulator
from infra.local.cloud import Options
from infra.local.emulator import aws_environment
from infra.local.place import ROOT, Place
from infra.local.redshift.client import QueryFailed, query
from infra.local.state import LocalCloud
from runtime.core.audit.entry import INSTALLATION
from runtime.core.warehouse.sync import default_schema
from runtime.stores.aws import restored
from runtime.stores.aws.restored import Copy
from runtime.stores.operations import switches
from tests.e2e.recorder import Recorder, Request
from tests.page_reader import Reader
from tests.pages import steps

pytestmark = pytest.mark.upgrade

PAGE: Final = ROOT / "docs" / "howto" / "rebuild-an-installation.md"
DRAIN: Final = "```\n$ penstock admin drain --stack penstock --every-s 1\n…\n```\n"
TIME: Final = "2026-11-26T12:00:00.000Z"  # to which the page goes back
DEADLINE_S: Final = 180
ASK_EVERY_S: Final = 10
COMMAND_S: Final = 500  # a load that meets no schema comes again after a minute
TOPIC: Final = "metric.rebuilt"
SOURCE: Final = "def handler(event):\n    return {'seen': event['properties']['number']}\n"
# It refuses every connection, and is tried again long after the test.
WAITS: Final = {"name": "waits", "url": "http://127.0.0.1:9/", "retry_schedule_s": [7200]}
PEOPLE: Final = 3
EVENTS: Final = 6
LATE: Final = EVENTS  # the number of the event that comes after the time
COUNTS: Final = {
    "events": EVENTS,
    "profiles": PEOPLE,
    "profile_identities": PEOPLE,
    "deliveries": 2 * EVENTS,
    "function_runs": EVENTS,
}
DELIVERED: Final = "SELECT COUNT(*) AS n FROM {}.deliveries WHERE status = 'delivered'"
# What goes on while an installation stands: its jobs, and the numbers of what streams archive.
GOES_ON: Final = frozenset({"JobsTable", "LedgerTable"})
Items = dict[str, str]  # by table and key


@pytest.fixture
def local_cloud() -> Iterator[LocalCloud]:
    """A cloud that may be ruined."""
    place = Place(ROOT / ".local" / "rebuilt")
    cloud.down(place)  # of a test that was killed
    options = Options(allow_local_http=True, parameters={"ApiCallsPerSecond": "10000"})
    try:
        yield cloud.up(options, place=place, say=lambda _line: None)
    finally:
        cloud.down(place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The installation, past its API."""

    cloud: LocalCloud

    def client(self, service: Any) -> Any:
        """A client of the account's root."""
        session: Any = emulator.root()
        return session.client(service, endpoint_url=self.cloud.aws_endpoint)

    @property
    def schema(self) -> str:
        """The schema that the sync loads."""
        return default_schema(self.cloud.tenant)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Ask the warehouse, as its superuser."""
        session: Any = emulator.root()
        warehouse = session.client("redshift-data", endpoint_url=self.cloud.redshift_endpoint)
        return query(warehouse, sql)

    def rows(self) -> Mapping[str, list[str]]:
        """What each table of the warehouse holds, in order, whichever load has brought it."""
        return {
            table: sorted(
                json.dumps({**row, "load_id": None}, sort_keys=True)
                for row in self.query(f"SELECT * FROM {self.schema}.{table}")  # noqa: S608 - ours
            )
            for table in COUNTS
        }

    def tables(self) -> Mapping[str, str]:
        """The tables' names in the account, by those of the template."""
        return restored.tables(deploy.STACK, client=self.client)

    def items(self, *, of: Callable[[str], str] = str) -> Mapping[str, Items]:
        """What each table holds that does not go on; `of` gives the name of a table's copy."""
        dynamodb = self.client("dynamodb")
        return {
            name: {
                f"{item['pk']} {item.get('sk')}": _text(item)
                for page in dynamodb.get_paginator("scan").paginate(TableName=of(table))
                for item in page["Items"]
                if not _is_of_the_installation(item)
            }
            for name, table in self.tables().items()
            if name not in GOES_ON
        }

    def has_told(self) -> bool:
        """Whether tenants have been told of all that is in the audit log."""
        table = self.tables()["AuditTable"]
        told = self.client("dynamodb").scan(
            TableName=table, FilterExpression="attribute_exists(due_shard)"
        )
        return not told["Count"]

    def empty(self) -> None:
        """Delete every item of every table, and the schema of the warehouse."""
        dynamodb = self.client("dynamodb")
        for table in self.tables().values():
            keys = [
                each["AttributeName"]
                for each in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
            ]
            for page in dynamodb.get_paginator("scan").paginate(TableName=table):
                for item in page["Items"]:
                    dynamodb.delete_item(TableName=table, Key={key: item[key] for key in keys})
        self.query(f"DROP SCHEMA {self.schema} CASCADE")

    @contextmanager
    def jobs_at_work(self) -> Iterator[None]:
        """Call the function of jobs more often than its schedule does."""
        ended = threading.Event()

        def work_on() -> None:
            functions = self.client("lambda")
            name = deploy.function(functions, "JobsFunction")
            while not ended.wait(5):
                functions.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")

        with ThreadPoolExecutor(1) as aside:
            calls = aside.submit(work_on)
            try:
                yield
            finally:
                ended.set()
            calls.result()


def test_everything_comes_back_and_life_goes_on(
    local_cloud: LocalCloud, recorder: Recorder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every item of the tables and every row of the warehouse, by the commands of the page."""
    installation = Installation(cloud=local_cloud)
    with httpx.HTTPTransport() as transport:
        to = Connection(url=local_cloud.api_url, key=local_cloud.api_key, origin="a test")
        api = Client(to, transport=transport)
        sync = _furnish(api, recorder)
        ask = Asking(api=api, sync=sync)
        _until(lambda: _are_loaded(installation, ask))
        _until(installation.has_told)
        folder = tmp_path_factory.mktemp("admin")
        account = {**aws_environment(local_cloud.aws_endpoint), "PYTHONPATH": str(ROOT)}
        reader = Reader(folder=folder, environment=account, patience_s=COMMAND_S)
        reader.follow(steps(DRAIN))
        rows = installation.rows()
        # Before the accident, as the emulator keeps no history to make them of behind it.
        for table in installation.tables().values():
            Copy(dynamodb=installation.client("dynamodb"), table=table, at=TIME).start()
        items = installation.items(of=lambda table: _copy(table).name)
        api.post("/v1/events", _event(LATE))
        assert _deliveries(recorder, LATE)
        reader.follow(steps(DRAIN))
        installation.empty()
        with pytest.raises(CommandFailed, match="unknown"):
            api.get("/v1/webhooks")

        with installation.jobs_at_work():
            reader.follow(steps(PAGE.read_text(encoding="utf-8")))

        assert {} == _differing(items, installation.items())
        assert rows == installation.rows()
        _go_on(ask, installation, recorder)


def _differing(before: Mapping[str, Items], after: Mapping[str, Items]) -> dict[str, Any]:
    """The items that are not what they were, by table and key."""
    return {
        f"{table} {key}": (items.get(key), after[table].get(key))
        for table, items in before.items()
        for key in items.keys() | after[table].keys()
        if items.get(key) != after[table].get(key)
    }


def _furnish(api: Client, recorder: Recorder) -> str:
    """Set a tenant up and let events come; returns the id of its sync."""
    hook = {"name": "rebuilt", "topics": [TOPIC], "url": recorder.url("rebuilt")}
    api.post("/v1/webhooks", hook)
    api.post("/v1/webhooks", hook | WAITS)
    api.post("/v1/functions", {"name": "rebuilt", "triggers": [{"topics": [TOPIC]}]})
    api.post("/v1/functions/rebuilt/versions", {"source": SOURCE})
    api.post("/v1/functions/rebuilt/publish", {"version": 1})
    # To ask for a load is a change, of which an event tells: the sync would never be done.
    loads = {"schedule": "manual", "selection": {"include_topics": [TOPIC]}}
    sync = api.post("/v1/syncs", {"name": "rebuilt", "kind": "redshift", **loads})
    for number in range(EVENTS):
        api.post("/v1/events", _event(number))
    assert EVENTS <= len(recorder.wait("rebuilt", lambda all_: len(all_) >= EVENTS))
    return str(sync["id"])


def _event(number: int) -> dict[str, Any]:
    return {
        "id": f"evt_rebuilt_{number}",
        "topic": TOPIC,
        "profile": {"email": f"p{number % PEOPLE}@example.com"},
        "properties": {"number": number},
    }


@dataclass(slots=True, kw_only=True)
class Asking:
    """Asks for loads, and not so often that they meet: one that does comes again in a minute."""

    api: Client
    sync: str  # its id
    next_s: float = 0.0  # when the next load may be asked for, by the monotonic clock

    def __call__(self) -> None:
        """Ask for a load, if it is time."""
        if monotonic() >= self.next_s:
            self.next_s = monotonic() + ASK_EVERY_S
            self.api.post(f"/v1/syncs/{self.sync}/run")


def _are_loaded(installation: Installation, ask: Asking) -> bool:
    """Whether everything that came of the events is in the warehouse."""
    ask()
    try:
        counts = {table: len(rows) for table, rows in installation.rows().items()}
        [delivered] = installation.query(DELIVERED.format(installation.schema))
    except QueryFailed:  # the first load has not made the tables yet
        return False
    return counts == COUNTS and int(delivered["n"]) == EVENTS


def _go_on(ask: Asking, installation: Installation, recorder: Recorder) -> None:
    """Let an event come that was there, one that came after the time, and one of today.

    The first is not done again. The second is, under its own id, as by a replay of the bus: the
    tables have forgotten it. The last is delivered and loaded once.
    """
    for number in (0, LATE, LATE + 1):
        ask.api.post("/v1/events", _event(number))

    def is_loaded() -> bool:
        ask()
        rows = installation.rows()
        return len(rows["events"]) == EVENTS + 2 and len(rows["deliveries"]) == 2 * (EVENTS + 2)

    _until(is_loaded)
    first, again = _deliveries(recorder, LATE, at_least=2)
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert 1 == len(_deliveries(recorder, LATE + 1))
    assert EVENTS + 3 == len(recorder.got("rebuilt"))


def _deliveries(recorder: Recorder, number: int, *, at_least: int = 1) -> list[Request]:
    """What came of the event with this number, once so much has come."""

    def about(requests: list[Request]) -> list[Request]:
        return [each for each in requests if _number(each) == number]

    return about(recorder.wait("rebuilt", lambda all_: len(about(all_)) >= at_least))


def _number(request: Request) -> int:
    return int(json.loads(request.body)["data"]["properties"]["number"])


def _copy(table: str) -> Copy:
    return Copy(dynamodb=None, table=table, at=TIME)


def _is_of_the_installation(item: Mapping[str, Any]) -> bool:
    """Whether it is what the commands themselves leave behind: switches, and who did what."""
    return item["pk"] == {"S": INSTALLATION} or all(
        item.get(name) == value for name, value in switches.ITEM.items()
    )


def _text(item: Mapping[str, Any]) -> str:
    """An item, comparable, without the hour of a key's last call."""
    values = {name: value for name, value in item.items() if name != "last_used_at"}
    return repr(sorted(values.items()))


def _until(holds: Callable[[], bool]) -> None:
    assert Patience(DEADLINE_S).until(holds)
