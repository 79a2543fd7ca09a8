"""Announce a customer who has spent 500 or more."""

from typing import TypedDict

from penstock import Context, MetricEvent, Profile

VIP = 500  # what a customer has to spend


class Order(TypedDict):
    """The properties of `metric.placed_order`."""

    value: float


def handler(
    event: MetricEvent[Order], profile: Profile | None, context: Context
) -> dict[str, float]:
    """Add the order to what the customer has spent."""
    before = profile["properties"].get("spent", 0) if profile else 0
    spent = round(before + event["properties"]["value"], 2)
    context.profile.set(spent=spent)
    if before < VIP <= spent:
        context.emit("metric.became_vip", {"spent": spent})
    return {"spent": spent}
