"""Trigger on a survey answer: promoter, passive or detractor; a detractor's words go to the support team at once."""


def handler(event, profile, context):
    match event["properties"]:
        case {"score": int(score), **rest} if 0 <= score <= 10:
            group = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
        case _:
            raise ValueError("score must be a whole number from 0 to 10")
    context.profile.set(nps=score, nps_group=group)
    if group == "detractor":
        context.emit("metric.unhappy_customer", {"score": score, "words": rest.get("comment", "")})
    return group
