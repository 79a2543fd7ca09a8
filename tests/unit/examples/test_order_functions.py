"""The functions that the demo publishes, in the real sandbox, against plain Python."""

import json
from pathlib import Path
from typing import Any

import pytest

from examples.orders.events import envelopes, external_id, read_orders
from infra.demo.expected import payload, rfm
from infra.demo.labels import label
from infra.demo.setup import FUNCTIONS, fulfilment_key
from runtime.stores.bodies import INLINE_BODY_BYTES
from tests.unit.examples.test_functions import functions_test

CUSTOMER = "0001"
ORDERS = tuple(order for order in read_orders(limit=10) if order.customer == CUSTOMER)
EVENTS = [raw for raw in envelopes(ORDERS, tenant="demo") if raw["topic"] == "metric.placed_order"]


def run(name: str, event: dict[str, Any], profile: dict[str, Any] | None, at: Path) -> Any:
    """The answer of `functions test` for one event."""
    (at / "event.json").write_text(json.dumps(event), encoding="utf-8")
    (at / "profile.json").write_text(json.dumps(profile), encoding="utf-8")
    known = at / "profile.json" if profile else None
    return functions_test(FUNCTIONS / f"{name}.py", event=at / "event.json", profile=known)


@pytest.mark.parametrize("events", [EVENTS, EVENTS[::-1]], ids=["by date", "backwards"])
def test_rfm_ends_the_same_in_any_order(events: list[dict[str, Any]], tmp_path: Path) -> None:
    """Queues keep no order; a profile that depended on it would be wrong at random."""
    properties: dict[str, Any] = {}
    for event in events:
        profile = {"id": "prf_1", "external_id": external_id(CUSTOMER), "properties": properties}
        answer = run("rfm", event, profile, tmp_path)
        assert "returned" == answer["outcome"], answer
        properties |= answer["effects"][0]["set"]

    due = rfm(ORDERS)
    assert {
        "last_order_on": due.last_order_on,
        "order_count": due.order_count,
        "order_value": float(due.order_value),
        "rfm_code": due.rfm_code,
    } == properties


def test_order_payload_is_what_the_receiver_wants(tmp_path: Path) -> None:
    """The demo compares every payload at the receiver with this same expectation."""
    answer = run("order_payload", EVENTS[0], None, tmp_path)

    assert payload(ORDERS[0], key=fulfilment_key()) == answer["output"]


def test_a_label_is_the_picture_that_the_demo_looks_for(tmp_path: Path) -> None:
    """And larger than any record of it may be."""
    event = {**EVENTS[0], "topic": "message.sms.sent", "properties": {"parcel": "P-1"}}

    answer = run("parcel_label", event, None, tmp_path)

    assert label("P-1") == answer["output"]
    assert len(json.dumps(answer["output"])) > INLINE_BODY_BYTES


def test_give_away_is_dropped(tmp_path: Path) -> None:
    """Nothing to invoice: the delivery is recorded as dropped, not sent and not failed."""
    free = {**EVENTS[0], "properties": {**EVENTS[0]["properties"], "value": 0}}

    assert None is run("order_payload", free, None, tmp_path)["output"]


def test_endless_loop_is_ended_by_the_platform(tmp_path: Path) -> None:
    """The demo sends one such order among the others."""
    event = {**EVENTS[0], "topic": "metric.marked_order", "properties": {"loop": True}}

    assert "timed_out" == run("marked_orders", event, None, tmp_path)["outcome"]
