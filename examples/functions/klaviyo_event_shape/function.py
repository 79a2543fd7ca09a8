"""Transform: the envelope as the JSON:API event that receivers written for Klaviyo expect."""

from datetime import datetime


def handler(event):
    happened = datetime.fromisoformat(event["occurred_at"])
    return {
        "data": {
            "type": "event",
            "id": event["id"],
            "attributes": {
                "timestamp": int(happened.timestamp()),
                "datetime": happened.strftime("%Y-%m-%d %H:%M:%S+00:00"),
                "event_properties": {**event["properties"], "$event_id": event["id"]},
            },
            "relationships": {
                "profile": {"data": {"type": "profile", "id": event["profile"].get("id", "")}},
                "metric": {"data": {"type": "metric", "id": event["topic"].partition(".")[2]}},
            },
        }
    }
