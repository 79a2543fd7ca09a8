"""Lifetime value, the simplest way: revenue per user and month × months a user stays."""


def handler(event):
    numbers = event["properties"]
    return {"ltv": numbers["arpu"] * numbers["lifetime_months"]}
