"""Lambda `follow_profiles`: does what follows from the changes of profiles, by their stream."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from functions._telemetry import begin, count, logger
from runtime.core.json_text import dump
from runtime.core.profiles.profile_change import ProfileChange
from runtime.errors import BadInput
from runtime.wiring import profiles

follower = cache(profiles.build_follower)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Follow all changes. After an error the stream hands the same records over again."""
    begin(context)
    changes = [_readable(record) for record in event["Records"] if "NewImage" in record["dynamodb"]]
    follower().work([change for change in changes if change is not None])
    count(records=len(changes), failed=changes.count(None))
    return {"batchItemFailures": []}


def _readable(record: Mapping[str, Any]) -> ProfileChange | None:
    """The change; None once the record is parked, since no code can read it."""
    try:
        return follower().decode(record["dynamodb"])
    except BadInput as problem:
        # Handed over again, it would hold up every later change of its shard. The message names
        # the profile and has nothing of it: its table keeps that.
        place = {name: record["dynamodb"][name] for name in ("Keys", "SequenceNumber")}
        follower().park(dump(place), code=problem.code, reason=problem.message)
        logger.error("record.parked", extra={"code": problem.code, "reason": problem.message})
        return None
