"""Trigger on profile.subscribed and profile.unsubscribed: keep one consent record a channel, newest word wins."""


def handler(event, profile, context):
    channel = event["properties"]["channel"]
    consents = dict(profile["properties"].get("consents", {})) if profile else {}
    held = consents.get(channel)
    if held and held["at"] > event["occurred_at"]:
        return {"channel": channel, "changed": False}  # an older event that came late
    consents[channel] = {
        "given": event["topic"] == "profile.subscribed",
        "at": event["occurred_at"],
        "source": event["properties"].get("source", "unknown"),
    }
    context.profile.set(consents=consents)
    return {"channel": channel, "changed": True}
