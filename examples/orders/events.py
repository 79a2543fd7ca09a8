"""The order log as event envelopes: the same lines always give the same events."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

LOG: Final = Path(__file__).parent / "cdnow_sample.txt"
ORDER_TOPIC: Final = "metric.placed_order"
PROFILE_TOPIC: Final = "profile.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One line of the log. `line` (from 1) is its name: 21 lines repeat another word for word."""

    line: int
    customer: str
    day: date
    quantity: int
    cents: int


def read_orders(path: Path = LOG, *, limit: int | None = None) -> tuple[Order, ...]:
    """The first `limit` orders of the log, in its own order: customer by customer."""
    with path.open(encoding="utf-8-sig") as lines:  # takes a byte order mark, and needs none
        orders = tuple(_order(number, text) for number, text in enumerate(lines, start=1))
    return orders[:limit]


def envelopes(orders: Iterable[Order], *, tenant: str) -> list[dict[str, Any]]:
    """One `profile.created` a customer, then one `metric.placed_order` an order, by date."""
    by_date = sorted(orders, key=lambda order: (order.day, order.line))
    firsts: dict[str, Order] = {}
    for order in by_date:
        firsts.setdefault(order.customer, order)
    created = [_profile_created(order, tenant=tenant) for order in firsts.values()]
    return created + [_placed_order(order, tenant=tenant) for order in by_date]


def external_id(customer: str) -> str:
    """The name under which the shop knows a customer."""
    return f"cdnow-{customer}"


def _order(line: int, text: str) -> Order:
    _, customer, day, quantity, dollars = text.split()
    whole, _, cents = dollars.partition(".")
    return Order(
        line=line,
        customer=customer,
        day=datetime.strptime(f"{day}+0000", "%Y%m%d%z").date(),
        quantity=int(quantity),
        cents=int(whole) * 100 + int(f"{cents:0<2}"),
    )


def _profile_created(first: Order, *, tenant: str) -> dict[str, Any]:
    return {
        "id": f"cdnow-profile-{first.customer}",
        "tenant": tenant,
        "topic": PROFILE_TOPIC,
        "occurred_at": f"{first.day}T00:00:00.000Z",
        "profile": {
            "external_id": external_id(first.customer),
            "email": f"customer{first.customer}@cdnow.example",
        },
        "properties": {"source": "cdnow", "customer_since": str(first.day)},
    }


def _placed_order(order: Order, *, tenant: str) -> dict[str, Any]:
    # The log has no time of day: noon keeps an order on its date in every time zone of the shop.
    return {
        "id": f"cdnow-order-{order.line:05}",
        "tenant": tenant,
        "topic": ORDER_TOPIC,
        "occurred_at": f"{order.day}T12:00:00.000Z",
        "profile": {"external_id": external_id(order.customer)},
        "properties": {
            "order_id": f"{order.line:05}",
            "quantity": order.quantity,
            "value": order.cents / 100,
            "currency": "USD",
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the envelopes, one JSON document a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=None, help="orders to take; all if left out")
    parser.add_argument("--tenant", default="demo")
    options = parser.parse_args(arguments)
    for envelope in envelopes(read_orders(limit=options.limit), tenant=options.tenant):
        sys.stdout.write(json.dumps(envelope, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
