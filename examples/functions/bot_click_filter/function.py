"""Transform: clicks for the sales team, without those of link scanners."""

from penstock import DropEvent

SCANNERS = ("barracuda", "mimecast", "proofpoint", "safelinks", "bot", "crawler")


def handler(event):
    click = event["properties"]
    agent = click.get("user_agent", "").lower()
    if any(name in agent for name in SCANNERS):
        raise DropEvent("a mail scanner, not a reader")
    if click.get("seconds_after_delivery", 60) < 2:
        raise DropEvent("nobody reads that fast")
    return {"email": event["profile"]["email"], "url": click["url"]}
