"""Misbehaves on request, so that the demo can show what the platform does about it.

`loop` runs until the platform ends it; no other function's run waits for it. `wait_for` asks to be tried again until the named
property is on the profile.
"""

from penstock import RetryError


def handler(event, profile, context):
    marks = event["properties"]
    while marks.get("loop"):
        pass
    wanted = marks.get("wait_for")
    if wanted and wanted not in (profile["properties"] if profile else {}):
        raise RetryError(f"{wanted} is not known yet")
    return {"found": wanted}
