"""Keep each customer's recency, frequency, monetary value and 3x3x3 RFM code on the profile.

The three numbers are a maximum, a count and a sum, so orders may come in any sequence. Scores: recency as Klaviyo counts it
(up to 180 days ago 3, up to 365 days 2, else 1), frequency and money by thirds of this shop's customers. Only paid orders count.
"""

from datetime import date

AS_OF = date(1998, 6, 30)  # the last day of the log; a living shop takes date.today()
FREQUENCY_OF_SCORE = ((3, 3), (2, 2))  # at least 3 orders, at least 2
DOLLARS_OF_SCORE = ((3, 75.25), (2, 27.13))  # where the top and the middle third begin


def score(value, table):
    for points, least in table:
        if value >= least:
            return points
    return 1


def recency_score(day):
    age_days = (AS_OF - day).days
    if age_days <= 180:
        return 3
    return 2 if age_days <= 365 else 1


def handler(event, profile, context):
    order = event["properties"]
    if order["value"] <= 0:
        return {"counted": False, "reason": "nothing was paid"}

    known = profile["properties"] if profile else {}
    day = max(event["occurred_at"][:10], known.get("last_order_on", ""))
    frequency = known.get("order_count", 0) + 1
    monetary = round(known.get("order_value", 0) + order["value"], 2)
    code = "".join(
        str(points)
        for points in (
            recency_score(date.fromisoformat(day)),
            score(frequency, FREQUENCY_OF_SCORE),
            score(monetary, DOLLARS_OF_SCORE),
        )
    )
    context.profile.set(
        last_order_on=day, order_count=frequency, order_value=monetary, rfm_code=code
    )
    if code == "333" and known.get("rfm_code") != "333":
        # All three only ever rise, so each customer becomes a champion once.
        context.emit("metric.became_champion", {"order_value": monetary})
    return {"counted": True, "rfm_code": code}
