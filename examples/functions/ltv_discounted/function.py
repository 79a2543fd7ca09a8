"""Lifetime value in today's money: each year's margin discounted, less what winning the customer cost."""

from decimal import Decimal


def handler(event):
    numbers = event["properties"]
    margin = Decimal(str(numbers["gross_margin"]))
    rate = 1 + Decimal(str(numbers["discount_rate"]))
    present = sum(
        Decimal(str(revenue)) * margin / rate**year
        for year, revenue in enumerate(numbers["revenue_by_year"], start=1)
    )
    return {"ltv": float(round(present - Decimal(str(numbers["acquisition_cost"])), 2))}
