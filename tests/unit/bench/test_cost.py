"""What a delivery costs: the size of its record is a price, and so is each write."""

from dataclasses import replace

import pytest

from bench import cost
from bench.capacity import WRITE_UNIT, Meter, item_bytes
from examples.orders.events import ORDER_TOPIC
from runtime.core import ids
from runtime.core.attempt import Answered, Delivered, Posted, RetryAt
from runtime.core.delivery import Delivery, Status
from runtime.core.envelope import moment
from runtime.core.recording import after
from tests.builders import NOW, NOW_MS
from tests.cloud import Cloud

TENANT = "cd-shop-europe"


TIMING = {
    "dns_ms": 3.1,
    "connect_ms": 21.7,
    "tls_ms": 44.2,
    "first_byte_ms": 73.6,
    "total_ms": 142.8,
    "reused": 0,
}
TAKEN = Posted(
    happening=Answered(status=200), duration_ms=143, answer=b'{"received":true}', timing_ms=TIMING
)
REFUSED = Posted(
    happening=Answered(status=503),
    duration_ms=143,
    answer=b"<html><head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    b"<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>",
    timing_ms=TIMING,
)


def a_new_order(number: int) -> Delivery:
    """An order of 1 KB before its first attempt."""
    event_id, webhook_id = ids.derive("evt", str(number)), ids.derive("whk", "orders")
    return Delivery(
        id=ids.delivery_id(TENANT, event_id, webhook_id),
        tenant=TENANT,
        webhook_id=webhook_id,
        event_id=event_id,
        topic=ORDER_TOPIC,
        status=Status.PENDING,
        body=cost.a_body(number, tenant=TENANT),
        created_at=NOW,
    )


def a_delivered_order(number: int) -> Delivery:
    """The same when its receiver has taken it at once."""
    return after(a_new_order(number), TAKEN, Delivered(), started=moment(NOW))


def a_refused_order(number: int) -> Delivery:
    """The same when it waits for its second attempt."""
    waits = after(a_new_order(number), REFUSED, RetryAt(NOW_MS + 5000), started=moment(NOW))
    return replace(waits, hinted=True)


@pytest.fixture
def meter(cloud: Cloud) -> Meter:
    """Counts what the tables are asked for."""
    return Meter(client=cloud.clients.dynamodb)


@pytest.mark.parametrize("number", [1, 42, 4711])
def test_a_delivered_order_of_a_kilobyte_is_one_write_unit(cloud: Cloud, number: int) -> None:
    """The body, its attempt and every name and key within the first KB that is billed."""
    delivery = a_delivered_order(number)
    cloud.deliveries.add(delivery)
    item = cloud.deliveries.table.get({"pk": delivery.id})

    assert item is not None
    assert len(delivery.body.encode()) >= WRITE_UNIT
    assert item_bytes(item) <= WRITE_UNIT
    assert cloud.deliveries.find(delivery.id) == delivery


def test_ten_that_arrive_at_once_cost_eleven_write_units(cloud: Cloud, meter: Meter) -> None:
    """A record each and a page for all: whatever adds an index or a write shows here."""
    batch = [a_delivered_order(number) for number in range(10)]
    with meter.watching():
        pages = cloud.deliveries.announce(batch)
        for each in batch:
            cloud.deliveries.add(replace(each, page=pages[each.id]))

    assert meter.units[0] == len(batch) + 1


@pytest.mark.parametrize("number", [1, 42, 4711])
def test_an_order_that_is_retried_is_billed_four_units_and_a_page(
    cloud: Cloud, meter: Meter, number: int
) -> None:
    """The record and its entry in the due index when it begins to wait, both again when it ends."""
    waits = a_refused_order(number)
    with meter.watching():
        cloud.deliveries.add(waits)
        first, _ = meter.units
        stored = cloud.deliveries.find(waits.id)
        assert stored is not None
        cloud.deliveries.replace(stored, after(stored, TAKEN, Delivered(), started=moment(NOW)))

    assert (3, 5) == (first, meter.units[0])


def test_what_waits_is_billed_by_its_size_once(cloud: Cloud, meter: Meter) -> None:
    """Its entry in the due index has no body: one unit, whatever its record takes."""
    noise = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(3_000))
    waits = replace(a_refused_order(1), body=noise)
    with meter.watching():
        cloud.deliveries.add(waits)

    table, log = cloud.deliveries.table.name, cloud.deliveries.log.table.name
    assert meter.written.pop(table) > 5
    assert {f"{table}/due": 1, log: 1} == {name: n for name, n in meter.written.items() if n}


def test_an_items_size_is_counted_as_dynamodb_counts() -> None:
    """Names and values in bytes; two digits of a number to a byte, and one more."""
    item: dict[str, dict[str, object]] = {
        "pk": {"S": "é"},
        "n": {"N": "12345"},
        "data": {"B": b"xyz"},
        "on": {"BOOL": True},
    }

    assert item_bytes(item) == (2 + 2) + (1 + 4) + (4 + 3) + (2 + 1)


def test_the_bill_follows_the_formula() -> None:
    """Twice the writes are twice the dollars for them, and nothing else moves."""
    measured = cost.Measured(
        writes=1.1,
        reads=1.0,
        writes_of_a_retried=6.1,
        reads_of_a_retried=2.0,
        log_bytes=500,
        request_bytes=1300,
        body_bytes=1024,
        run_writes=2,
    )
    bill = {line.what: line.dollars for line in cost.lines(measured)}
    double = replace(measured, writes=2.2, writes_of_a_retried=12.2)
    dear = {line.what: line.dollars for line in cost.lines(double)}

    assert bill["EventBridge"] == cost.EVENTS_PER_M
    assert bill["DynamoDB writes"] == pytest.approx((1.1 + 0.08 * 5.0) * 0.625)
    assert {name for name in bill if bill[name] != dear[name]} == {"DynamoDB writes"}
    assert dear["DynamoDB writes"] == pytest.approx(2 * bill["DynamoDB writes"])
