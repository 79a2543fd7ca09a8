"""Lifetime value of a subscription: revenue per user × gross margin ÷ monthly churn."""

from decimal import Decimal


def handler(event):
    arpu, margin, churn = (
        Decimal(str(event["properties"][name])) for name in ("arpu", "gross_margin", "monthly_churn")
    )
    if not churn:
        raise ValueError("monthly_churn is 0: nobody ever leaves, and the value has no end")
    return {"ltv": float(arpu * margin / churn)}
