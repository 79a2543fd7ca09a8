"""Trigger on metric.viewed_page: first and last touch from the UTM parameters of a URL."""

from urllib.parse import parse_qs, urlsplit

NAMES = ("source", "medium", "campaign", "term", "content")


def handler(event, profile, context):
    query = parse_qs(urlsplit(event["properties"]["url"]).query)
    touch = {name: query[f"utm_{name}"][0] for name in NAMES if f"utm_{name}" in query}
    if not touch:
        return {"touch": None}
    changes = {"last_touch": touch}
    if not profile or "first_touch" not in profile["properties"]:
        changes["first_touch"] = touch
    context.profile.set(changes)
    return {"touch": touch}
