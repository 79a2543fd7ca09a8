"""Decides what the cloud would make of a run that ended on this machine.

The decision is the platform's own, `run_effects.decide`. This module makes its input: an envelope
around the JSON that the test runs on, and the profile that the test says is on record. It does not
decide what only an installation knows: whether a webhook exists that the run delivers to, and
whether the function is a transform, whose output must be a payload.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from cli._errors import WrongUsage
from runtime.core.events import envelope
from runtime.core.events.envelope import MAX_HOPS, Event, ProfileRef
from runtime.core.functions import run_effects
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run_effects import Attempted, Decision
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import IDENTIFIERS, Profile
from runtime.core.timestamps import timestamp
from runtime.errors import BadInput

# The least that an envelope has; the fields of the test's event replace these.
_PLAIN: Final = {"id": "evt_local", "tenant": "local", "topic": "metric.local"}
_UNNAMED_PROFILE: Final = "prf_local"
_BEFORE: Final = "1970-01-01T00:00:00.000Z"  # so old that whatever a run sets is later


def decided(
    result: Mapping[str, Any],
    *,
    run_id: str,
    event: object,
    profile: object,
    webhook_id: str | None = None,
) -> dict[str, Any]:
    """The result of a run as the cloud would record it.

    Args:
        result: as the sandbox gave it.
        run_id: the id that the run had.
        event: the event that it ran on; any JSON.
        profile: the profile that it ran with, None for none. It counts as the one on record that
            the event is about.
        webhook_id: the webhook whose transform the function is; None for a trigger.

    Returns:
        The same result; or, for a run whose effects cannot be taken, `refused`, with the reason as
        its error and without output and effects. An emitted event that would go to the dead-letter
        queue has `parked` beside its topic, with `code` and `message`.

    Raises:
        WrongUsage: the profile is one that the cloud could not store.
    """
    now = timestamp(datetime.now(UTC))
    message = RunMessage(
        tenant=_PLAIN["tenant"], run_id=run_id, function="local", event={}, webhook_id=webhook_id
    )
    decision = _decide(result, message, event=_envelope(event, now=now), profile=profile)
    run = decision.run
    if run.outcome != result["outcome"]:
        undone: dict[str, Any] = {"output": None, "effects": [], "error": run.error}
        return {**result, "outcome": str(run.outcome), **undone}
    if decision.outgoing.looped:  # all events of one run have passed through as many functions
        return {**result, "effects": [_with_loop(effect) for effect in result["effects"]]}
    return dict(result)


def _decide(
    result: Mapping[str, Any], message: RunMessage, *, event: Event, profile: object
) -> Decision:
    profile_id = profiles.id_of(event)
    if profile_id is None and isinstance(profile, Mapping):
        profile_id = str(profile.get("id") or _UNNAMED_PROFILE)
    return run_effects.decide(
        PlannedRun(message=message, event=event, profile_id=profile_id),
        result,
        attempt=Attempted(version=0, now=event.received_at),
        person=None if profile_id is None else _person(profile, profile_id),
    )


def _envelope(event: object, *, now: str) -> Event:
    """An envelope with those fields of the event that the cloud would take.

    The event of a test is any JSON, and the cloud would refuse most of it as an event. The decision
    depends on no field but those of an envelope.
    """
    fields: dict[str, Any] = dict(_PLAIN)
    for name, value in event.items() if isinstance(event, Mapping) else ():
        with suppress(BadInput):
            envelope.parse({**fields, name: value, "tenant": _PLAIN["tenant"]}, now=now)
            fields[name] = value
    return envelope.parse({**fields, "tenant": _PLAIN["tenant"], "received_at": now}, now=now)


def _person(profile: object, profile_id: str) -> Profile | None:
    """The profile as the cloud stores one; None when the test's is no JSON object."""
    if not isinstance(profile, Mapping):
        return None
    texts = {name: profile[name] for name in IDENTIFIERS if isinstance(profile.get(name), str)}
    properties = profile.get("properties")
    update = Event(
        id="evt_before",
        tenant=_PLAIN["tenant"],
        topic="profile.updated",
        occurred_at=_BEFORE,
        received_at=_BEFORE,
        profile=ProfileRef(**texts),
        properties=properties if isinstance(properties, Mapping) else {},
    )
    try:
        return profiles.project(profiles.unknown(update.tenant, profile_id), update)
    except BadInput as problem:
        raise WrongUsage(f"the cloud could not store this profile: {problem.message}") from problem


def _with_loop(effect: Mapping[str, Any]) -> dict[str, Any]:
    if effect["op"] != "emit":
        return dict(effect)
    reason = f"it would have passed through more than {MAX_HOPS} functions: a loop"
    return {**effect, "parked": {"code": "loop", "message": reason}}
