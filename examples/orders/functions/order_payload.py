"""A webhook's transform: the order as the shop's fulfilment system wants it."""

from decimal import Decimal


def handler(event):
    order = event["properties"]
    if order["value"] == 0:
        return None  # a give-away: nothing to invoice; the delivery is recorded as dropped
    total = Decimal(str(order["value"]))
    quantity = order["quantity"]
    return {
        "order_number": "CD-" + order["order_id"],
        "placed_on": event["occurred_at"][:10],
        "customer": event["profile"]["external_id"],
        "lines": [{"sku": "CD", "quantity": quantity}],
        "total": {"amount": f"{total:.2f}", "currency": order["currency"]},
        "average_price": f"{total / quantity:.2f}",
    }
