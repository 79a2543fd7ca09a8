"""Loops for ever on an event that says so. The platform ends it; no other function's run waits for it."""


def handler(event):
    while event["properties"].get("loop"):
        pass
    return "free"
