"""Print an order's value and e-mail for the people who pack it."""


def handler(event, profile):
    email = profile["email"] if profile else None
    return {"order": event["id"], "value": event["properties"]["value"], "for": email}
