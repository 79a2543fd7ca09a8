"""Trigger on profile.created: first and last name from one free field, in decent capitals."""

import re

TITLES = {"mr", "mrs", "ms", "dr", "prof", "sig", "herr", "frau"}
PARTICLES = {"van", "von", "de", "der", "di", "da", "la"}


def capital(word):
    if word in PARTICLES:
        return word
    return re.sub(r"(^|['-])([^'-])", lambda found: found.group(1) + found.group(2).upper(), word)


def handler(event, profile, context):
    words = event["properties"]["name"].lower().split()
    words = [word for word in words if word.rstrip(".") not in TITLES]
    names = [capital(word) for word in words]
    first, rest = (names[0], " ".join(names[1:])) if names else ("", "")
    context.profile.set({"first_name": first, "last_name": rest})
    return f"{first} {rest}".strip()
