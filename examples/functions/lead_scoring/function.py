"""Trigger on any behaviour: add points, and announce the lead when it crosses the line."""

POINTS = {
    "metric.viewed_pricing": 10,
    "metric.requested_demo": 40,
    "message.email.clicked": 5,
    "message.email.unsubscribed": -25,
}
QUALIFIED = 50


def handler(event, profile, context):
    before = profile["properties"].get("lead_score", 0) if profile else 0
    points = POINTS.get(event["topic"], 0)
    if event["properties"].get("company_size", 0) >= 200:
        points *= 2
    after = max(0, before + points)
    context.profile.set(lead_score=after)
    if before < QUALIFIED <= after:
        context.emit("metric.qualified_lead", {"score": after, "because": event["topic"]})
    return {"before": before, "after": after}
