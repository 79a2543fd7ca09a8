"""Trigger on metric.placed_order: choose the receiver by country, with context.deliver."""

WEBHOOK_OF = {"IT": "whk_italy", "FR": "whk_france"}


def handler(event, context):
    country = event["properties"]["ship_to"]["country"]
    webhook = WEBHOOK_OF.get(country)
    if webhook is None:
        context.log("no branch for this country", country=country)
        return {"routed": False}
    context.deliver(webhook, {"order": event["properties"]["order_id"], "country": country})
    return {"routed": True, "webhook": webhook}
