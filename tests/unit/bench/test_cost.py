"""What a delivery costs: the size of its record is a price, and so is each write."""

from dataclasses import asdict, replace

import pytest

from bench import cost
from bench.capacity import WRITE_UNIT, Meter, item_bytes
from bench.report import PAGE
from cli.cost import bill, measured
from examples.orders.events import ORDER_TOPIC
from infra.scan import template
from runtime.core import ids
from runtime.core.deliveries.attempt import Answered, Delivered, Posted, RetryAt
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.recording import after
from runtime.core.timestamps import moment
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
    assert meter.write_units.pop(table) > 5
    assert {f"{table}/due": 1, log: 1} == {name: n for name, n in meter.write_units.items() if n}


def test_an_items_size_is_counted_as_dynamodb_counts() -> None:
    """Names and values in bytes; two digits of a number to a byte, and one more."""
    item: dict[str, dict[str, object]] = {
        "pk": {"S": "é"},
        "n": {"N": "12345"},
        "data": {"B": b"xyz"},
        "on": {"BOOL": True},
    }

    assert item_bytes(item) == (2 + 2) + (1 + 4) + (4 + 3) + (2 + 1)


COUNTED = bill.Measured(
    writes=1.1,
    reads=1.0,
    writes_of_a_retried=4.1,
    reads_of_a_retried=2.0,
    log_bytes=350,
    matching_log_bytes=20,
    request_bytes=1300,
    body_bytes=1024,
    run_writes=2,
    event_writes=1.1,
    profile_reads=2.0,
    timeline_writes=1.0,
)


def test_the_bill_is_the_issues_formula_and_what_it_leaves_out() -> None:
    """Term by term as it was agreed, so that nobody has to believe our own arrangement of it."""
    events, attempts, batch = 1e6, 1.08e6, 10
    plain, fair, call, gb_second = 0.40e-6, 0.50e-6, 0.20e-6, 0.0000133334
    t1 = 2 * 0.005 + 10 * 0.00015 / (512 / 1769)
    t2 = 1.25 * 0.250 + 2 * 0.005 + 10 * 0.0009 / (256 / 1769)
    writes = 1.1 * events + 0.08e6 * (4.1 - 1.1)
    by_the_formula = (
        events * 1.00e-6
        + (events + 2 * events / batch) * plain
        + (attempts / 10 + 2 * attempts / batch) * fair
        + events / batch * (call + t1 * 0.5 * gb_second)
        + attempts / batch * (call + t2 * 0.25 * gb_second)
        + writes * 0.625e-6
        + attempts * 350 * 0.50e-9
        + attempts * (1300 + 29) * 0.09e-9
    )
    reads = 1.0 * events + 0.08e6 * (2.0 - 1.0)
    left_out = reads * 0.125e-6 + 0.08e6 * 0.9 * fair + events * 20 * 0.50e-9
    lines = bill.lines(COUNTED)

    assert bill.total(lines, beyond=False) == pytest.approx(by_the_formula)
    assert bill.total(lines, beyond=True) == pytest.approx(by_the_formula + left_out)


def test_twice_the_writes_are_twice_the_dollars_for_them() -> None:
    """And nothing else moves."""
    once = {line.what: line.dollars for line in bill.lines(COUNTED)}
    double = replace(COUNTED, writes=2.2, writes_of_a_retried=8.2)
    twice = {line.what: line.dollars for line in bill.lines(double)}

    assert {name for name in once if once[name] != twice[name]} == {"DynamoDB writes"}
    assert twice["DynamoDB writes"] == pytest.approx(2 * once["DynamoDB writes"])


def test_cpu_is_billed_at_what_the_memory_buys_of_a_core() -> None:
    """A millisecond of a core is seven at 256 MB, and waiting costs the same beside it."""
    idle, busy = bill.Cpu(fanout_ms=0, deliver_ms=0), bill.Cpu(fanout_ms=0, deliver_ms=1)

    assert bill.deliver_s(idle) == pytest.approx(1.25 * 0.250 + 0.010)
    assert bill.deliver_s(busy) - bill.deliver_s(idle) == pytest.approx(0.010 * 1769 / 256)


def test_the_bill_knows_the_templates_memory() -> None:
    """A function that is given more costs more."""
    given = {each.name: each.properties["MemorySize"] for each in template.functions()}

    assert (bill.FANOUT_MB, bill.DELIVER_MB) == (given["FanoutFunction"], given["DeliverFunction"])


def test_the_bill_of_whom_nobody_has_measured_is_made_of_what_the_code_does() -> None:
    """`penstock cost` has these numbers at hand; five percent more or less is no other bill."""
    assert asdict(cost.count()) == pytest.approx(asdict(measured.COUNTS), rel=0.05)


def test_the_bill_of_whom_nobody_has_measured_has_the_cpu_of_the_bench() -> None:
    """The page of performance names both where it has the sum."""
    cpu = measured.CPU
    says = f"CPU of {cpu.fanout_ms:.2f} ms in `fanout` and {cpu.deliver_ms:.2f} ms in `deliver`"
    assert says in PAGE.read_text(encoding="utf-8")
