"""Trigger: wait for data that is not there yet; the platform tries again by the retry schedule."""

from penstock import RetryError


def handler(event, profile, context):
    stock = (profile["properties"] if profile else {}).get("stock_checked_at")
    if stock is None or stock < event["occurred_at"]:
        raise RetryError("stock was last checked before this order")
    return {"ready": True}
