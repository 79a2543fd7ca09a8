"""Where a run keeps its records: in memory, or in the real stores over an emulated DynamoDB.

Either way every call may be refused or go unanswered, and the worker be killed before or after it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import get_session
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from runtime.core.deliveries.delivery import Delivery
from runtime.core.ids import Key
from runtime.core.webhooks.webhook import Webhook
from runtime.stores.aws.clients import QUICK
from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.deliveries import delivery_log
from runtime.stores.matching.subscriptions import Subscriptions
from runtime.stores.pacing.endpoints import Endpoints
from runtime.stores.pacing.turns import Turns
from runtime.stores.tables import codec, shards
from runtime.stores.tables.config import Config
from runtime.stores.webhooks.known_webhooks import KnownWebhooks
from runtime.stores.webhooks.webhooks import Webhooks
from tests.chaos.clocks import Clocks
from tests.chaos.commits import Commits
from tests.chaos.faults import Faults, Kind, as_transient
from tests.cloud import Cloud
from tests.doubles import (
    MemoryDeliveries,
    MemoryEndpoints,
    MemoryEvents,
    MemoryTurns,
    MemoryWebhooks,
)

THROTTLED: Final = {
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "message": "the level of configured provisioned throughput was exceeded",
}


@dataclass(frozen=True, kw_only=True)
class Open:
    """The stores as one process has opened them, with what it remembers of them."""

    deliveries: Any
    webhooks: Any
    events: Any
    subscriptions: Any
    known_webhooks: Any
    endpoints: Any
    turns: Any
    shards: tuple[str, ...]


class Stores(Protocol):
    """What survives the workers."""

    commits: Commits

    def open(self) -> Open:
        """For a new process."""

    def records(self) -> dict[str, Delivery]:
        """Every delivery, as it stands."""

    def kept(self, event_keys: Iterable[Key]) -> AbstractSet[Key]:
        """Those of the events that are kept."""


class _Deliveries(MemoryDeliveries):
    """Deliveries whose every write is logged."""

    def __init__(self, commits: Commits) -> None:
        super().__init__()
        self._commits = commits

    def lease(self, delivery: Delivery, /, *, until_ms: int) -> bool:
        """Push a due time, unless somebody else has."""
        leased = super().lease(delivery, until_ms=until_ms)
        if leased:
            self._commits(self.by_id[delivery.id])
        return leased

    def _write(self, delivery: Delivery) -> bool:
        self._commits(delivery)
        return super()._write(delivery)


@dataclass(frozen=True, slots=True)
class _Perilous:
    """A store in memory, each of whose calls may fail or be the last."""

    store: Any
    faults: Faults

    def announce(self, deliveries: Iterable[Delivery], /) -> Any:
        """A call for many; when it fails, none of them is recorded."""
        each = list(deliveries)

        def fail(kind: Kind) -> Any:
            self.faults.unrecord("announce", (delivery.id for delivery in each))
            as_transient(kind)

        return self.faults.around("announce", lambda: self.store.announce(each), fail=fail)

    async def add_async(self, delivery: Delivery, /) -> bool:
        """A call that an event loop makes."""
        return bool(self.add(delivery))

    async def replace_async(self, old: Delivery, new: Delivery, /) -> bool:
        """A call that an event loop makes."""
        return bool(self.replace(old, new))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self.store, name)

        def perilous(*args: Any, **kwargs: Any) -> Any:
            about = next((arg.id for arg in args if isinstance(arg, Delivery)), "")
            return self.faults.around(name, lambda: call(*args, **kwargs), about=about)

        return perilous


class InMemory:
    """In dictionaries, with the conditions of the real stores."""

    def __init__(self, webhooks: Iterable[Webhook], clocks: Clocks, faults: Faults) -> None:
        self.commits = Commits()
        self._deliveries = _Deliveries(self.commits)
        self._events = MemoryEvents()
        config = _Perilous(MemoryWebhooks(*webhooks), faults)
        self._open = Open(
            deliveries=_Perilous(self._deliveries, faults),
            webhooks=config,
            events=_Perilous(self._events, faults),
            subscriptions=config,
            known_webhooks=config,
            endpoints=_Perilous(MemoryEndpoints(), faults),
            turns=_Perilous(MemoryTurns(clocks.workers), faults),
            shards=("0",),
        )

    def open(self) -> Open:
        """For a new process, which has nothing to remember."""
        return self._open

    def records(self) -> dict[str, Delivery]:
        """Every delivery, as it stands."""
        return self._deliveries.by_id

    def kept(self, event_keys: Iterable[Key]) -> AbstractSet[Key]:
        """Those of the events that are kept."""
        return self._events.find_many(event_keys).keys()


class InDynamo:
    """In the real stores: requests are throttled, and answers lost, below the AWS client."""

    def __init__(
        self, webhooks: Iterable[Webhook], clocks: Clocks, faults: Faults, *, cloud: Cloud
    ) -> None:
        self.commits = Commits()
        self._clocks, self._faults, self._cloud = clocks, faults, cloud
        self._table, self._config = cloud.deliveries.table, cloud.config
        self._log = cloud.deliveries.log
        for webhook in webhooks:
            Webhooks(config=cloud.config).add(webhook)
        session = get_session()
        client: Any = session.create_client("dynamodb", config=QUICK)
        self._client = DynamoDB.direct(client, session, wait=lambda _: None, rest=_no_rest)
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send.dynamodb", self._send)

    def open(self) -> Open:
        """For a new process: what a killed one knew by heart is forgotten."""
        table = replace(self._table, client=self._client)
        config = Config(table=replace(self._config.table, client=self._client))
        clock, log, events = self._clocks.workers, self._log, self._cloud.events
        return Open(
            deliveries=replace(
                self._cloud.deliveries,
                table=table,
                log=replace(log, table=replace(log.table, client=self._client)),
            ),
            webhooks=Webhooks(config=config),
            events=replace(events, table=replace(events.table, client=self._client)),
            subscriptions=Subscriptions(config=config, clock=clock),
            known_webhooks=KnownWebhooks(config=config, clock=clock),
            endpoints=Endpoints(table=table, clock=clock),
            turns=Turns(table=table, clock=clock),
            shards=shards.DELIVERY_SHARDS,
        )

    def records(self) -> dict[str, Delivery]:
        """Every delivery, as it stands."""
        return self._cloud.deliveries.get(self.commits.latest)

    def kept(self, event_keys: Iterable[Key]) -> AbstractSet[Key]:
        """Those of the events that are kept."""
        return self._cloud.events.find_many(event_keys).keys()

    def _send(self, event_name: str, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        assert isinstance(request.body, bytes)
        asked = json.loads(request.body)
        record_id = asked.get("Item", asked.get("Key", {})).get("pk", {}).get("S", "")

        def send() -> AWSResponse:
            answer = botocore_stubber("before-send", request)
            assert answer is not None
            if answer.status_code == 200 and record_id.startswith("dlv_"):
                self._note(record_id)
            return answer

        def fail(kind: Kind) -> AWSResponse:
            self._faults.unrecord(operation, _announced(asked))
            if kind is Kind.UNANSWERED:
                raise TimeoutError("no answer")
            body = MockRawResponse(json.dumps(THROTTLED))
            return AWSResponse(request.url, 400, HTTPHeaders(), body)

        answer: AWSResponse = self._faults.around(operation, send, fail=fail, about=record_id)
        return answer

    def _note(self, record_id: str) -> None:
        written = self._cloud.deliveries.find(record_id)
        assert written is not None
        self.commits(written)


async def _no_rest(_seconds: float) -> None:
    """Nobody waits for a try here."""


def _announced(asked: Mapping[str, Any]) -> list[str]:
    """The deliveries on the pages of a BatchWriteItem."""
    requests = [
        each
        for name, requests in asked.get("RequestItems", {}).items()
        if name.endswith("delivery-log")
        for each in requests
    ]
    pages = (each["PutRequest"]["Item"] for each in requests if "PutRequest" in each)
    return [
        entry.delivery_id
        for page in pages
        for entry in delivery_log.entries(codec.from_stream(page))
    ]
