"""Computes what must come out for a list of orders, without any code of the product.

Plain Python works out the webhooks' contents, the profiles and the counts from the order log. The
demo compares them with what really arrived.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from examples.orders.events import Order, external_id

AS_OF: Final = date(1998, 6, 30)
LARGE_ORDER_QUANTITY: Final = 3
# Three customers, whose deliveries are attempted three times each: nine failures. A tenth failure
# in a row would open the endpoint's breaker.
DOWN_CUSTOMERS: Final = tuple(external_id(number) for number in ("0003", "0007", "0013"))
CHAMPION: Final = "333"
RECENT_DAYS: Final = (180, 365)
MONEY_THIRDS_CENTS: Final = (2713, 7525)  # these split this shop's customers in three equal groups

# The filters of the demo's webhooks: EventBridge patterns over the envelope.
FULFILMENT_FILTER: Final[Mapping[str, Any]] = {
    "properties": {
        "$or": [
            {"quantity": [{"numeric": [">=", LARGE_ORDER_QUANTITY]}]},
            {"value": [{"numeric": ["=", 0]}]},
        ]
    }
}
DOWN_FILTER: Final[Mapping[str, Any]] = {"profile": {"external_id": list(DOWN_CUSTOMERS)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rfm:
    """One customer's numbers, as the profile must hold them."""

    last_order_on: str  # a date; empty without a paid order
    order_count: int  # of paid orders
    order_value: Decimal  # in dollars, of all paid orders
    rfm_code: str  # three digits: recency, frequency, money; empty without a paid order


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the receiver, the profiles and the tables must hold after all orders."""

    customers: int
    orders: int
    plain: frozenset[str]  # events of the plain webhook: `order:<id>` or `champion:<customer>`
    payloads: Mapping[str, Mapping[str, Any]]  # of the transform, by the order's number
    down: int  # deliveries to the endpoint that always fails
    dropped: int  # deliveries of give-aways, which the transform drops
    profiles: Mapping[str, Rfm]  # by the customer's external id

    @property
    def champions(self) -> int:
        """How many customers become champions; each is announced once."""
        return sum(rfm.rfm_code == CHAMPION for rfm in self.profiles.values())

    @property
    def deliveries(self) -> int:
        """How many deliveries must be on record, whatever their status."""
        return len(self.plain) + len(self.payloads) + self.down + self.dropped

    @property
    def runs(self) -> int:
        """How many runs there must be: `rfm` for each order, and the transform where it applies."""
        return self.orders + self.transformed

    @property
    def transformed(self) -> int:
        """How many orders pass the transform's filter, with those that the transform drops."""
        return len(self.payloads) + self.dropped


def expect(orders: Sequence[Order], *, fulfilment_key: str) -> Expectation:
    """Everything that must come out for these orders. `fulfilment_key` signs the payloads."""
    profiles = {external_id(name): rfm(mine) for name, mine in _by_customer(orders).items()}
    champions = (name for name, numbers in profiles.items() if numbers.rfm_code == CHAMPION)
    to_ship = [
        order for order in orders if order.quantity >= LARGE_ORDER_QUANTITY or not order.cents
    ]
    return Expectation(
        customers=len(profiles),
        orders=len(orders),
        plain=frozenset(
            [f"order:cdnow-order-{order.line:05}" for order in orders]
            + [f"champion:{name}" for name in champions]
        ),
        payloads={
            f"CD-{order.line:05}": payload(order, key=fulfilment_key)
            for order in to_ship
            if order.cents
        },
        down=sum(name in DOWN_CUSTOMERS for name in profiles),
        dropped=sum(not order.cents for order in to_ship),
        profiles=profiles,
    )


def rfm(orders: Iterable[Order]) -> Rfm:
    """Recency, frequency and monetary value of one customer; only paid orders count."""
    paid = [order for order in orders if order.cents]
    if not paid:
        return Rfm(last_order_on="", order_count=0, order_value=Decimal(0), rfm_code="")
    last = max(order.day for order in paid)
    cents = sum(order.cents for order in paid)
    age_days = (AS_OF - last).days
    recency = 3 - sum(age_days > limit for limit in RECENT_DAYS)
    frequency = min(len(paid), 3)
    money = 1 + sum(cents >= limit for limit in MONEY_THIRDS_CENTS)
    return Rfm(
        last_order_on=str(last),
        order_count=len(paid),
        order_value=Decimal(cents) / 100,
        rfm_code=f"{recency}{frequency}{money}",
    )


def payload(order: Order, *, key: str) -> dict[str, Any]:
    """The payload that the fulfilment system must get for a paid order."""
    number = f"CD-{order.line:05}"
    amount = f"{order.cents // 100}.{order.cents % 100:02}"
    checksum = hmac.new(key.encode(), f"{number}:{amount}".encode(), hashlib.sha256).hexdigest()
    return {
        "order_number": number,
        "placed_on": str(order.day),
        "customer": external_id(order.customer),
        "lines": [{"sku": "CD", "quantity": order.quantity}],
        "total": {"amount": amount, "currency": "USD"},
        "average_price": f"{Decimal(order.cents) / 100 / order.quantity:.2f}",
        "checksum": checksum,
    }


def _by_customer(orders: Iterable[Order]) -> dict[str, list[Order]]:
    mine: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        mine[order.customer].append(order)
    return mine
