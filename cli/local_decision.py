"""What the cloud would make of a run that ended on this machine.

The decision is the platform's own, `run_effects.decide`. What stands in here is its input: an
envelope around whatever JSON the test was given, and the profile that the test says is on record.
What only an installation knows is not decided: whether a webhook exists that the run delivers to,
and, because a test does not know whether its function is a transform, whether what it returns is a
payload.
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

# The least that an envelope has; what the test's event says goes before it.
_PLAIN: Final = {"id": "evt_local", "tenant": "local", "topic": "metric.local"}
_UNNAMED_PROFILE: Final = "prf_local"
_BEFORE: Final = "1970-01-01T00:00:00.000Z"  # so that whatever a run sets is later


def decided(
    result: Mapping[str, Any], *, run_id: str, event: object, profile: object
) -> dict[str, Any]:
    """The result of a run as the cloud would record it.

    Args:
        result: as the sandbox gave it.
        run_id: the id that the run had.
        event: the event that it ran on; any JSON.
        profile: the profile that it was shown, None for none. It is on record then, and the event
            is about it.

    Returns:
        The same result; or, for a run whose effects cannot be taken, `refused`, with the reason as
        its error and without output and effects. An emitted event that would go to the dead-letter
        queue has `parked` beside its topic, with `code` and `message`.

    Raises:
        WrongUsage: the given profile is larger than any that is stored.
    """
    now = timestamp(datetime.now(UTC))
    decision = _decide(result, run_id=run_id, event=_envelope(event, now=now), profile=profile)
    run = decision.run
    if run.outcome != result["outcome"]:
        undone: dict[str, Any] = {"output": None, "effects": [], "error": run.error}
        return {**result, "outcome": str(run.outcome), **undone}
    if decision.outgoing.looped:  # all that one run emits has come as far
        return {**result, "effects": [_with_loop(effect) for effect in result["effects"]]}
    return dict(result)


def _decide(result: Mapping[str, Any], *, run_id: str, event: Event, profile: object) -> Decision:
    message = RunMessage(tenant=event.tenant, run_id=run_id, function="local", event={})
    profile_id = profiles.id_of(event)
    if profile_id is None and isinstance(profile, Mapping):
        profile_id = str(profile.get("id") or _UNNAMED_PROFILE)
    return run_effects.decide(
        PlannedRun(message=message, event=event, profile_id=profile_id),
        result,
        attempt=Attempted(version=0, now=event.received_at),
        person=None if profile_id is None else _person(profile, profile_id),
    )


def _envelope(given: object, *, now: str) -> Event:
    """The given event as far as an envelope can be made of it.

    A test may give any JSON. The door of the cloud would refuse most of it; what is decided after a
    run depends on no more than the fields that are kept here.
    """
    kept: dict[str, Any] = dict(_PLAIN)
    for name, value in given.items() if isinstance(given, Mapping) else ():
        with suppress(BadInput):
            envelope.parse({**kept, name: value, "tenant": _PLAIN["tenant"]}, now=now)
            kept[name] = value
    return envelope.parse({**kept, "tenant": _PLAIN["tenant"], "received_at": now}, now=now)


def _person(given: object, profile_id: str) -> Profile | None:
    """The profile as the cloud would have stored it, had an event said what the test says."""
    if not isinstance(given, Mapping):
        return None
    texts = {name: given[name] for name in IDENTIFIERS if isinstance(given.get(name), str)}
    properties = given.get("properties")
    said = Event(
        id="evt_before",
        tenant=_PLAIN["tenant"],
        topic="profile.updated",
        occurred_at=_BEFORE,
        received_at=_BEFORE,
        profile=ProfileRef(**texts),
        properties=properties if isinstance(properties, Mapping) else {},
    )
    try:
        return profiles.project(profiles.unknown(said.tenant, profile_id), said)
    except BadInput as problem:
        raise WrongUsage(f"no profile is like the given one: {problem.message}") from problem


def _with_loop(effect: Mapping[str, Any]) -> dict[str, Any]:
    if effect["op"] != "emit":
        return dict(effect)
    reason = f"it would have passed through more than {MAX_HOPS} functions: a loop"
    return {**effect, "parked": {"code": "loop", "message": reason}}
