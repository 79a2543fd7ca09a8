"""Counts what deliveries write, read, log and send; `cli.cost.bill` computes their price.

`fanout` and `deliver` run as in a Lambda, with an AWS account that is emulated in this process, and
a receiver on this machine.
"""

import contextlib
import io
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from bench.capacity import Meter
from bench.report import Row, table
from cli.cost.bill import (
    BATCH,
    RETRIES,
    ROUND_TRIP_S,
    STATED,
    Cpu,
    Line,
    Measured,
    extras,
    lines,
    total,
)
from examples.orders.events import ORDER_TOPIC, read_orders
from examples.orders.events import envelopes as order_envelopes
from infra.local.emulator import REGION
from runtime.core import ids
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.events import envelope
from runtime.core.formats import payload
from runtime.core.timestamps import timestamp

if TYPE_CHECKING:
    from tests.cloud import Cloud

BATCHES: Final = 20
TITLES: Final = ("Kind of Blue", "Abbey Road", "Blue Train", "Rumours", "Graceland", "Tapestry")
TENANT: Final = "acme"
WEBHOOK: Final = ids.derive("whk", "cost")


def measure(cpu: Cpu = STATED) -> Iterator[Row]:
    """The counts and the bill, as rows."""
    counts = count()
    yield Row(
        what="DynamoDB write units per delivered webhook",
        value=f"{counts.writes:.2f}",
        how=f"{BATCHES} batches of {BATCH} through `deliver`, bodies of {counts.body_bytes} bytes;"
        f" {counts.writes_of_a_retried:.2f} when the second attempt delivers",
    )
    bill = lines(counts, cpu)
    yield from _rows("$ per million", (line for line in bill if not line.beyond))
    yield Row(
        what="$ per million deliveries, by the [formula](../explanation/cost.md)",
        value=f"{total(bill, beyond=False):.2f}",
        how=f"fan-out 1, full batches, a receiver at {ROUND_TRIP_S * 1000:.0f} ms, "
        f"{RETRIES:.0%} retries, CPU of {cpu.fanout_ms:.2f} ms in `fanout` and "
        f"{cpu.deliver_ms:.2f} ms in `deliver`",
    )
    yield from _rows("$ per million, beyond it", (line for line in bill if line.beyond))
    yield Row(
        what="$ per million deliveries, everything",
        value=f"{total(bill, beyond=True):.2f}",
        how="without the kept event, archive, profiles and functions",
    )
    yield from _rows("$ per million events more", extras(counts))


def _rows(title: str, bill: Iterable[Line]) -> Iterator[Row]:
    for line in bill:
        yield Row(what=f"{title}: {line.what}", value=f"{line.dollars:.2f}", how=line.how)


def an_order(number: int, *, tenant: str) -> dict[str, Any]:
    """An order of the log with the details that a shop sends today: about 1 KB in a webhook."""
    [order] = order_envelopes([read_orders(limit=number + 1)[number]], tenant=tenant)[1:]
    items = [
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
    order["properties"] |= {"items": items, "ship_to": address, "coupon": "AUTUMN10"}
    return order


def a_body(number: int, *, tenant: str) -> str:
    """The body of that order's webhook."""
    raw = an_order(number, tenant=tenant)
    return payload.render(envelope.parse(raw, now="2026-11-20T13:04:05.123Z"))


def count() -> Measured:
    """Count batches that the receiver accepts, then some of which it first refuses one in ten."""
    from tests.builders import a_bus_event, a_run
    from tests.cloud import in_process

    with (
        _in_a_region(),
        _standing_clock(),
        in_process() as cloud,
        _Receiver() as receiver,
        _deployed("fanout", cloud) as fan_out,
        _deployed("deliver", cloud) as deliver,
    ):
        meter = Meter(client=cloud.clients.dynamodb)
        _set_up(cloud, receiver.url)
        events = [
            [a_bus_event(an_order(line, tenant=TENANT)) for line in _lines(number)]
            for number in range(BATCHES + 1)
        ]
        batches = [_messages(number) for number in range(BATCHES + 1 + BATCH)]
        fan_out(events[0])  # the first batch of each fills caches and opens connections
        deliver(batches[0])
        before = len(receiver.requests)
        with meter.watching():
            with _logged() as matching_log:
                for each in events[1:]:
                    fan_out(each)
            event_writes = meter.write_units[cloud.events.table.name]
            with _logged() as log:
                for batch in batches[1 : BATCHES + 1]:
                    deliver(batch)
            writes, reads = meter.units[0] - event_writes, meter.units[1]
            request_sizes = receiver.requests[before:]
            # In each batch another one of the ten is refused, because the record of an endpoint
            # depends on which attempt was answered last.
            refused_messages = [
                batch[number] for number, batch in enumerate(batches[BATCHES + 1 :])
            ]
            receiver.refuses = {each.delivery_id for each in refused_messages}
            for batch in batches[BATCHES + 1 :]:
                deliver(batch)
            receiver.refuses = set()
            deliver([replace(each, body=None, attempt=2) for each in refused_messages])
            all_writes, all_reads = meter.units[0] - event_writes, meter.units[1]
            cloud.runs.commit(a_run(profile_id="prf_1"))  # as nearly all events name a profile
            run_writes = meter.units[0] - event_writes - all_writes
        profile_reads, timeline_writes = _count_known_people(cloud)
    deliveries = BATCH * BATCHES
    smooth = deliveries + BATCH * BATCH - len(refused_messages)
    return Measured(
        writes=writes / deliveries,
        reads=reads / deliveries,
        writes_of_a_retried=(all_writes - writes * smooth / deliveries) / len(refused_messages),
        reads_of_a_retried=(all_reads - reads * smooth / deliveries) / len(refused_messages),
        log_bytes=len(log.getvalue().encode()) / deliveries,
        matching_log_bytes=len(matching_log.getvalue().encode()) / deliveries,
        request_bytes=sum(request_sizes) / len(request_sizes),
        event_writes=event_writes / deliveries,
        body_bytes=len(a_body(BATCH, tenant=TENANT).encode()),
        run_writes=run_writes,
        profile_reads=profile_reads,
        timeline_writes=timeline_writes,
    )


def _count_known_people(cloud: "Cloud") -> tuple[float, float]:
    """The read units of an event about somebody who is known, and the write units of its entry."""
    meter = Meter(client=cloud.clients.dynamodb)
    with _deployed("project_profile", cloud) as first:
        first(_visits("first", people=range(BATCH + 1)))
    with _deployed("project_profile", cloud) as second:  # another process, which knows no names
        second(_visits("warm", people=range(1)))  # reads what a process reads once
        with meter.watching():
            second(_visits("second", people=range(1, BATCH + 1)))
    return meter.units[1] / BATCH, meter.write_units[cloud.timelines.table.name] / BATCH


@contextlib.contextmanager
def _in_a_region() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as variables:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            variables.setenv(name, REGION)
        yield


@contextlib.contextmanager
def _standing_clock() -> Iterator[None]:
    """Lets nothing that a worker keeps grow old; how often that happens depends on the machine."""
    from runtime.wiring import worker

    now = worker.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "now", lambda: now)
        yield


@contextlib.contextmanager
def _logged() -> Iterator[io.StringIO]:
    """Collects what a function logs: the logger's lines, and the metrics that it prints."""
    from functions._telemetry import logger

    [handler] = [each for each in logger.handlers if isinstance(each, logging.StreamHandler)]
    log = io.StringIO()
    was = handler.setStream(log)
    try:
        with contextlib.redirect_stdout(log):
            yield log
    finally:
        handler.setStream(was)


def _lines(number: int) -> range:
    return range(number * BATCH, (number + 1) * BATCH)


def _visits(name: str, *, people: range) -> list[Any]:
    """An event about each of these people, as the bus puts it on the queue; it sets nothing."""
    from tests.builders import a_bus_event, an_envelope

    return [
        a_bus_event(
            an_envelope(
                id=ids.derive("evt", name, str(person)),
                tenant=TENANT,
                profile={"external_id": f"customer-{person}"},
            )
        )
        for person in people
    ]


def _messages(number: int) -> list[DeliverMessage]:
    """A batch of messages, as `fanout` sends them."""
    messages = []
    for line in _lines(number):
        event_id = ids.derive("evt", str(line))
        messages.append(
            DeliverMessage(
                tenant=TENANT,
                delivery_id=ids.delivery_id(TENANT, event_id, WEBHOOK),
                webhook_id=WEBHOOK,
                event_id=event_id,
                topic=ORDER_TOPIC,
                body=a_body(line, tenant=TENANT),
                accepted_at=timestamp(datetime.now(UTC)),
            )
        )
    return messages


def _set_up(cloud: "Cloud", url: str) -> None:
    from runtime.core.webhooks import signing
    from runtime.core.webhooks.webhook import SealedSecret, Webhook
    from runtime.stores.webhooks.webhooks import Webhooks

    ciphertext = cloud.secrets.seal(TENANT, signing.new_secret(b"s" * signing.NEW_SECRET_BYTES))
    at = "2026-11-20T13:04:05.123Z"
    Webhooks(config=cloud.config).add(
        Webhook(
            id=WEBHOOK,
            tenant=TENANT,
            name="orders",
            url=f"{url}/webhooks/orders",
            topics=(ORDER_TOPIC,),
            created_at=at,
            secrets=(SealedSecret(ciphertext=ciphertext, created_at=at),),
        )
    )


@contextlib.contextmanager
def _deployed(function: str, cloud: "Cloud") -> Iterator[Callable[[Sequence[Any]], None]]:
    """A function that takes a queue's messages, in its environment.

    It raises RuntimeError if a message of a batch fails.
    """
    from functions._batch import BatchHandler
    from runtime.wiring import worker
    from tests.builders import an_sqs_event
    from tests.flows.bus import BUILDERS, environment

    with environment(cloud, function) as variables:
        variables.setenv("PENSTOCK_ALLOW_LOCAL_HTTP", "true")
        handler: BatchHandler[Any] = BatchHandler(BUILDERS[function])

        def call(bodies: Sequence[Any]) -> None:
            bodies_as_json = (
                each.to_json() if isinstance(each, DeliverMessage) else each for each in bodies
            )
            sent_at_ms = int(worker.now().timestamp() * 1000)
            answer = handler(an_sqs_event(*bodies_as_json, sent_at_ms=sent_at_ms), _Context())
            if answer["batchItemFailures"]:
                raise RuntimeError(f"{function} failed: {answer}")

        yield call


class _Context:
    """The part of Lambda's context that our log lines use."""

    aws_request_id = "6a7e8feb-b491-4cf7-a9f1-bf3703467718"


class _Receiver:
    """Takes requests on open connections, and keeps the size of each.

    Attributes:
        requests: the sizes so far, in bytes.
        refuses: the ids of deliveries that it answers with 503.
    """

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
                is_refused = headers[b"webhook-id"].decode() in self.refuses
                status = b"503 Busy" if is_refused else b"200 OK"
                connection.sendall(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")


if __name__ == "__main__":
    print(table(measure()))
