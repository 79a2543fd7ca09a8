"""What a million deliveries cost: measured on the real path, times the list prices of AWS.

`deliver` runs as Lambda runs it, on an account in this process and against a receiver on this
machine; what it writes, reads, logs and sends is counted. Waiting, which no emulator can show, is
taken for what it is at a receiver that answers in a quarter of a second.
"""

import contextlib
import io
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from bench.capacity import Meter
from bench.report import Row, table
from examples.orders.events import ORDER_TOPIC, read_orders
from examples.orders.events import envelopes as order_envelopes
from infra.local.emulator import REGION
from runtime.core import envelope, ids, payload
from runtime.core.messages import DeliverMessage

if TYPE_CHECKING:
    from tests.cloud import Cloud

# List prices of us-east-1, without the free tier, in dollars.
EVENTS_PER_M: Final = 1.00  # EventBridge, custom events, each begun 64 KB
REQUESTS_PER_M: Final = 0.40  # SQS, standard queues
INVOCATIONS_PER_M: Final = 0.20  # Lambda
GB_SECOND: Final = 0.0000133334  # Lambda, arm64
WRITES_PER_M: Final = 0.625  # DynamoDB on demand
READS_PER_M: Final = 0.125
LOGS_PER_GB: Final = 0.50  # CloudWatch Logs, standard class
OUT_PER_GB: Final = 0.09
ARCHIVED_PER_GB: Final = 0.10  # EventBridge archive, when an event goes in
GB: Final = 1e9
MILLION: Final = 1_000_000

BATCH: Final = 10
BATCHES: Final = 20
REFUSED: Final = 5  # of the last batch: fewer than open the endpoint's breaker
RETRIES: Final = 0.08  # of the deliveries need a second attempt
ROUND_TRIP_S: Final = 0.250  # of the receiver
# What ten attempts at once take: the slowest of ten receivers, our own reads and writes.
DELIVER_S: Final = 1.25 * ROUND_TRIP_S + 0.030
FANOUT_S: Final = 0.030  # reading nothing, one SendMessageBatch
RUN_S: Final = 0.100  # ten events of short functions, in `run` and in the sandbox it waits for
MEMORY_GB: Final = 0.5  # of both functions; see Globals in template.yaml
# Lambda writes two JSON lines of its own to the same group for each invocation.
PLATFORM_LOG_BYTES: Final = 700
TLS_BYTES: Final = 29  # around a request that is one record, on a connection that is kept
TITLES: Final = ("Kind of Blue", "Abbey Road", "Blue Train", "Rumours", "Graceland", "Tapestry")
TENANT: Final = "acme"
WEBHOOK: Final = ids.derive("whk", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Of one delivery that succeeds at once, unless it says something else."""

    writes: float
    reads: float
    writes_of_a_retried: float
    reads_of_a_retried: float
    log_bytes: float
    request_bytes: float
    body_bytes: int
    run_writes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Of the bill for a million deliveries."""

    what: str
    dollars: float
    how: str


def measure() -> Iterator[Row]:
    """The counts, and the bill."""
    counted = count()
    yield Row(
        what="DynamoDB write units per delivered webhook",
        value=f"{counted.writes:.2f}",
        how=f"{BATCHES} batches of {BATCH} through `deliver`, bodies of {counted.body_bytes} bytes;"
        f" {counted.writes_of_a_retried:.2f} when the second attempt delivers",
    )
    bill = lines(counted)
    for line in bill:
        yield Row(what=f"$ per million: {line.what}", value=f"{line.dollars:.2f}", how=line.how)
    yield Row(
        what="$ per million deliveries, together",
        value=f"{sum(line.dollars for line in bill):.2f}",
        how=f"fan-out 1, full batches, a receiver at {ROUND_TRIP_S * 1000:.0f} ms, "
        f"{RETRIES:.0%} retries; without archive, profiles and functions",
    )
    for line in extras(counted):
        yield Row(
            what=f"$ per million events more: {line.what}",
            value=f"{line.dollars:.2f}",
            how=line.how,
        )


def lines(counted: Measured) -> list[Line]:
    """The bill for one million deliveries, one an event."""
    attempts = 1 + RETRIES
    writes = counted.writes + RETRIES * (counted.writes_of_a_retried - counted.writes)
    reads = counted.reads + RETRIES * (counted.reads_of_a_retried - counted.reads)
    # To the match queue, from it; to the deliver queue, from it; each in tens but the bus's own.
    requests = 1 + 2 / BATCH + 1 / BATCH + 2 * attempts / BATCH + RETRIES
    fanout = (INVOCATIONS_PER_M + FANOUT_S * MEMORY_GB * GB_SECOND * MILLION) / BATCH
    deliver = (INVOCATIONS_PER_M + DELIVER_S * MEMORY_GB * GB_SECOND * MILLION) / BATCH
    log_bytes = attempts * counted.log_bytes + (1 + attempts) * PLATFORM_LOG_BYTES / BATCH
    return [
        Line(what="EventBridge", dollars=EVENTS_PER_M, how="one custom event"),
        Line(
            what="DynamoDB writes",
            dollars=writes * WRITES_PER_M,
            how=f"{writes:.2f} units, measured, with the retries' own",
        ),
        Line(
            what="DynamoDB reads", dollars=reads * READS_PER_M, how=f"{reads:.2f} units, measured"
        ),
        Line(what="SQS", dollars=requests * REQUESTS_PER_M, how=f"{requests:.2f} requests"),
        Line(
            what="Lambda",
            dollars=fanout + attempts * deliver,
            how=f"`fanout` {FANOUT_S * 1000:.0f} ms and `deliver` {DELIVER_S * 1000:.0f} ms"
            f" a batch, {MEMORY_GB * 1024:.0f} MB",
        ),
        Line(
            what="logs",
            dollars=MILLION * log_bytes / GB * LOGS_PER_GB,
            how=f"{counted.log_bytes:.0f} bytes an attempt, measured, and Lambda's own lines",
        ),
        Line(
            what="data out",
            dollars=MILLION * attempts * (counted.request_bytes + TLS_BYTES) / GB * OUT_PER_GB,
            how=f"{counted.request_bytes:.0f} bytes a request, measured, and TLS around it",
        ),
    ]


def extras(counted: Measured) -> list[Line]:
    """What each event costs besides, whether or not anybody listens to it."""
    queue = (1 + 2 / BATCH) * REQUESTS_PER_M
    short = (INVOCATIONS_PER_M + FANOUT_S * MEMORY_GB * GB_SECOND * MILLION) / BATCH
    run = (INVOCATIONS_PER_M + RUN_S * MEMORY_GB * GB_SECOND * MILLION) / BATCH
    return [
        Line(
            what="archive",
            dollars=queue + MILLION * counted.body_bytes / GB * ARCHIVED_PER_GB,
            how="its queue and the bus's own archive; thousands of events share an object",
        ),
        Line(
            what="profiles",
            dollars=queue + short + READS_PER_M + WRITES_PER_M,
            how="their queue, `project_profile`, a read, and a write if the event changes any",
        ),
        Line(
            what="a function's run",
            dollars=3 / BATCH * REQUESTS_PER_M
            + 2 * run
            + 2 * READS_PER_M
            + counted.run_writes * WRITES_PER_M,
            how=f"`run` and the sandbox {RUN_S * 1000:.0f} ms for ten, two reads,"
            f" {counted.run_writes} write units, measured",
        ),
    ]


def an_order(number: int, *, tenant: str) -> dict[str, Any]:
    """An order of the log as a shop of today would tell it: its webhook has about 1 KB."""
    [order] = order_envelopes([read_orders(limit=number + 1)[number]], tenant=tenant)[1:]
    bought = [
        {
            "sku": f"CD-{(number * 7919 + line * 104_729) % 1_000_000:06}",
            "title": title,
            "quantity": 1 + (number + line) % 3,
            "price": round(9.49 + (number * 13 + line * 7) % 900 / 100, 2),
            "url": f"https://shop.example.com/cds/{title.lower().replace(' ', '-')}",
        }
        for line, title in enumerate(TITLES)
    ]
    address = {"name": "Ada Lovelace", "street": f"{number} St James's Square", "city": "London"}
    order["properties"] |= {"items": bought, "ship_to": address, "coupon": "AUTUMN10"}
    return order


def a_body(number: int, *, tenant: str) -> str:
    """What that order's webhook sends."""
    raw = an_order(number, tenant=tenant)
    return payload.render(envelope.parse(raw, now="2026-11-20T13:04:05.123Z"))


def count() -> Measured:
    """Some batches that are taken at once, and one of which some are refused at first."""
    from tests.builders import a_run
    from tests.cloud import in_process

    with (
        _in_a_region(),
        in_process() as cloud,
        _Receiver() as receiver,
        _deployed(cloud) as deliver,
    ):
        meter = Meter(client=cloud.clients.dynamodb)
        _set_up(cloud, receiver.url)
        deliver(_messages(0))  # the first reads subscriptions and opens the connections
        before = len(receiver.requests)
        with meter.watching(), _logged() as log:
            for number in range(1, BATCHES + 1):
                deliver(_messages(number))
            writes, reads = meter.units
            log_bytes, sent = len(log.getvalue().encode()), receiver.requests[before:]
            last = _messages(BATCHES + 1)
            again = [replace(each, body=None, attempt=2) for each in last[:REFUSED]]
            receiver.refuses = {each.delivery_id for each in again}
            deliver(last)
            receiver.refuses = set()
            deliver(again)
            all_writes, all_reads = meter.units
            cloud.runs.commit(a_run())
            run_writes = meter.units[0] - all_writes
    deliveries = BATCH * BATCHES
    smooth = deliveries + BATCH - REFUSED
    return Measured(
        writes=writes / deliveries,
        reads=reads / deliveries,
        writes_of_a_retried=(all_writes - writes * smooth / deliveries) / REFUSED,
        reads_of_a_retried=(all_reads - reads * smooth / deliveries) / REFUSED,
        log_bytes=log_bytes / deliveries,
        request_bytes=sum(sent) / len(sent),
        body_bytes=len(a_body(BATCH, tenant=TENANT).encode()),
        run_writes=run_writes,
    )


@contextlib.contextmanager
def _in_a_region() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as variables:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            variables.setenv(name, REGION)
        yield


@contextlib.contextmanager
def _logged() -> Iterator[io.StringIO]:
    """What the function writes to its log: lines by the logger, metrics by printing."""
    from functions._telemetry import logger

    [handler] = [each for each in logger.handlers if isinstance(each, logging.StreamHandler)]
    log = io.StringIO()
    was = handler.setStream(log)
    try:
        with contextlib.redirect_stdout(log):
            yield log
    finally:
        handler.setStream(was)


def _messages(number: int) -> list[DeliverMessage]:
    """A batch as `fanout` sends it."""
    made = []
    for line in range(number * BATCH, (number + 1) * BATCH):
        event_id = ids.derive("evt", str(line))
        made.append(
            DeliverMessage(
                tenant=TENANT,
                delivery_id=ids.delivery_id(TENANT, event_id, WEBHOOK),
                webhook_id=WEBHOOK,
                event_id=event_id,
                topic=ORDER_TOPIC,
                body=a_body(line, tenant=TENANT),
            )
        )
    return made


def _set_up(cloud: "Cloud", url: str) -> None:
    from runtime.core import signing
    from runtime.core.webhook import SealedSecret, Webhook
    from runtime.stores.webhooks import Webhooks

    sealed = cloud.secrets.seal(TENANT, signing.new_secret(b"s" * signing.NEW_SECRET_BYTES))
    at = "2026-11-20T13:04:05.123Z"
    Webhooks(config=cloud.config).add(
        Webhook(
            id=WEBHOOK,
            tenant=TENANT,
            name="orders",
            url=f"{url}/webhooks/orders",
            topics=(ORDER_TOPIC,),
            created_at=at,
            secrets=(SealedSecret(ciphertext=sealed, created_at=at),),
        )
    )


@contextlib.contextmanager
def _deployed(cloud: "Cloud") -> Iterator[Callable[[list[DeliverMessage]], None]]:
    """`deliver` with its environment; a batch that fails in part raises."""
    from functions._batch import BatchHandler
    from runtime import wiring
    from tests.builders import an_sqs_event
    from tests.flows.bus import environment

    with environment(cloud, "deliver") as variables:
        variables.setenv("PENSTOCK_ALLOW_LOCAL_HTTP", "true")
        handler = BatchHandler(wiring.deliver)

        def deliver(messages: list[DeliverMessage]) -> None:
            answer = handler(an_sqs_event(*(each.to_json() for each in messages)), _Context())
            if answer["batchItemFailures"]:
                raise RuntimeError(f"deliver failed: {answer}")

        yield deliver


class _Context:
    """What our log lines take from Lambda's context."""

    aws_request_id = "6a7e8feb-b491-4cf7-a9f1-bf3703467718"


class _Receiver:
    """Takes requests on kept connections and notes the size of each; `refuses` these deliveries."""

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.refuses: set[str] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed: the bench is over
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while head := b"".join(iter(stream.readline, b"\r\n")):
                headers = dict(line.lower().split(b": ", 1) for line in head.splitlines()[1:])
                body = stream.read(int(headers[b"content-length"]))
                with self._lock:
                    self.requests.append(len(head) + len(b"\r\n") + len(body))
                refused = headers[b"webhook-id"].decode() in self.refuses
                status = b"503 Busy" if refused else b"200 OK"
                connection.sendall(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")


if __name__ == "__main__":
    print(table(measure()))
