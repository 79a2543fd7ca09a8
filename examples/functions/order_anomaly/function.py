"""Trigger on metric.placed_order: is this order far from what this customer usually spends?"""

from statistics import mean, pstdev

REMEMBERED = 20


def handler(event, profile, context):
    value = event["properties"]["value"]
    past = profile["properties"].get("recent_values", []) if profile else []
    spread = pstdev(past) if len(past) >= 3 else 0
    distance = round((value - mean(past)) / spread, 2) if spread else 0.0
    context.profile.set(recent_values=[*past, value][-REMEMBERED:])
    if abs(distance) > 3:
        context.emit("metric.unusual_order", {"value": value, "standard_deviations": distance})
    return {"standard_deviations": distance}
