"""Trigger on metric.checked_cart (a scheduler sends it): which reminder of this cart is due?"""

from datetime import datetime, timedelta

REMINDERS = (("first", timedelta(hours=1)), ("second", timedelta(hours=24)), ("last", timedelta(hours=72)))
CLOSED_AFTER = timedelta(days=7)


def handler(event, profile, context):
    cart = event["properties"]
    idle = datetime.fromisoformat(event["occurred_at"]) - datetime.fromisoformat(cart["updated_at"])
    if cart.get("ordered") or idle >= CLOSED_AFTER:
        return {"due": None}
    due = [name for name, wait in REMINDERS if idle >= wait]
    sent = profile["properties"].get("cart_reminders", []) if profile else []
    if not due or due[-1] in sent:
        return {"due": None}
    context.profile.set(cart_reminders=[*sent, due[-1]])
    context.emit("metric.abandoned_cart", {"reminder": due[-1], "idle_hours": idle.total_seconds() / 3600})
    return {"due": due[-1]}
