"""Trigger on message.email.bounced: a hard bounce or the third soft one takes the address off the list."""

SOFT_LIMIT = 3


def handler(event, profile, context):
    known = profile["properties"] if profile else {}
    if event["properties"]["kind"] == "hard":
        context.profile.set(email_suppressed=True, email_suppressed_because="hard bounce")
        return "suppressed"
    soft = known.get("soft_bounces", 0) + 1
    if soft < SOFT_LIMIT:
        context.profile.set(soft_bounces=soft)
        return "counted"
    context.profile.set(email_suppressed=True, email_suppressed_because=f"{soft} soft bounces")
    context.profile.unset("soft_bounces")
    return "suppressed"
