"""Transform: hold back what would wake somebody; the receiver gets the hour at which it may be sent."""

from datetime import datetime, timedelta, timezone

QUIET_FROM_HOUR, QUIET_TO_HOUR = 21, 8


def handler(event):
    zone = timezone(timedelta(minutes=event["properties"]["utc_offset_minutes"]))
    local = datetime.fromisoformat(event["occurred_at"]).astimezone(zone)
    send_at = local
    if local.hour >= QUIET_FROM_HOUR or local.hour < QUIET_TO_HOUR:
        send_at = local.replace(hour=QUIET_TO_HOUR, minute=0, second=0, microsecond=0)
        if local.hour >= QUIET_FROM_HOUR:
            send_at += timedelta(days=1)
    return {"message": event["properties"]["message"], "send_at": send_at.isoformat(), "held": send_at != local}
