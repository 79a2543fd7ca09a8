"""A webhook's transform: the order as the shop's fulfilment system wants it, with that system's own checksum."""

import hashlib
import hmac
from decimal import Decimal


def handler(event, context):
    order = event["properties"]
    if order["value"] == 0:
        return None  # a give-away: nothing to invoice; the delivery is recorded as dropped
    total = Decimal(str(order["value"]))
    quantity = order["quantity"]
    number = "CD-" + order["order_id"]
    amount = f"{total:.2f}"
    key = context.secret("FULFILMENT_KEY").encode()
    return {
        "order_number": number,
        "placed_on": event["occurred_at"][:10],
        "customer": event["profile"]["external_id"],
        "lines": [{"sku": "CD", "quantity": quantity}],
        "total": {"amount": amount, "currency": order["currency"]},
        "average_price": f"{total / quantity:.2f}",
        "checksum": hmac.new(key, f"{number}:{amount}".encode(), hashlib.sha256).hexdigest(),
    }
