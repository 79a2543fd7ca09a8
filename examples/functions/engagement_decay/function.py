"""Trigger on message events: an engagement score that loses half its worth every 30 days."""

from datetime import datetime

HALF_LIFE_DAYS = 30
WORTH = {"message.email.opened": 1, "message.email.clicked": 4, "message.push.opened": 2}


def handler(event, profile, context):
    known = profile["properties"] if profile else {}
    score = known.get("engagement", 0.0)
    if score:
        idle = datetime.fromisoformat(event["occurred_at"]) - datetime.fromisoformat(known["engaged_at"])
        score *= 0.5 ** (idle.total_seconds() / 86400 / HALF_LIFE_DAYS)
    score = round(score + WORTH.get(event["topic"], 0), 4)
    context.profile.set(engagement=score, engaged_at=event["occurred_at"])
    return score
