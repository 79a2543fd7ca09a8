"""Trigger on metric.placed_order: work out totals, margin and size class, and emit the enriched order."""

from decimal import ROUND_HALF_UP, Decimal


def money(amount):
    return str(amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def handler(event, context):
    items = event["properties"]["items"]
    revenue = sum((Decimal(str(item["price"])) * item["quantity"] for item in items), Decimal(0))
    cost = sum((Decimal(str(item["cost"])) * item["quantity"] for item in items), Decimal(0))
    margin = (revenue - cost) / revenue if revenue else Decimal(0)
    enriched = {
        "order_id": event["properties"]["order_id"],
        "revenue": money(revenue),
        "margin": money(margin),
        "units": sum(item["quantity"] for item in items),
        "categories": sorted({item["category"] for item in items}),
        "size": "large" if revenue >= 100 else "small",
    }
    context.emit("metric.enriched_order", enriched)
    return enriched
