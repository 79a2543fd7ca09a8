"""Transform: an order in the currency of the books, rounded as money is, not as floats are."""

from decimal import ROUND_HALF_EVEN, Decimal

EUR_OF = {"EUR": "1", "USD": "0.9132", "GBP": "1.1689", "JPY": "0.006107"}


def handler(event):
    order = event["properties"]
    rate = EUR_OF.get(order["currency"])
    if rate is None:
        raise ValueError(f"no rate for {order['currency']}")
    euros = (Decimal(str(order["value"])) * Decimal(rate)).quantize(
        Decimal("0.01"), rounding=ROUND_HALF_EVEN
    )
    return {**order, "value": float(euros), "currency": "EUR", "original": {"value": order["value"], "currency": order["currency"]}}
