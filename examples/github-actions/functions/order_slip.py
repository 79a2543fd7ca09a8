"""What the warehouse's floor needs of an order."""


def handler(event):
    return {"order": event["id"], "items": event["properties"].get("Items", [])}
