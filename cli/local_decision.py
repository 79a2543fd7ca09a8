"""Decides what the cloud would make of a run that ended on this machine.

The decision is the platform's own, `run_effects.decide`. This module makes its input: an envelope
around the JSON that the test runs on, and the profile that the test says is on record. It does not
decide what only an installation knows: whether a webhook exists that the run delivers to, and
whether the function is a transform, whose output must be a payload.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from cli._errors import WrongUsage
from runtime.core.events import envelope
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.functions import retrying, run_attempt, run_effects
from runtime.core.functions.function import RetryPolicy
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run import Outcome
from runtime.core.functions.run_effects import Attempted, Decision
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.matching.matching import Index
from runtime.core.matching.trigger import Trigger
from runtime.core.profiles import attributes, names
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.identity import Draft, Subject
from runtime.core.profiles.names import NameRules
from runtime.core.profiles.profile import IDENTIFIERS, Profile
from runtime.core.timestamps import timestamp
from runtime.errors import BadInput

# The least that an envelope has; the fields of the test's event replace these.
_PLAIN: Final = {"id": "evt_local", "tenant": "local", "topic": "metric.local"}
_UNNAMED_PROFILE: Final = "prf_local"
_RULES: Final = NameRules()  # of a tenant that has set none
_BAD_EFFECT: Final = "BadEffect"  # the type of the error that `run_effects` makes
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
        its error and without output and effects. The error has `refusal`, a sentence for people. An
        emitted event that would go to the dead-letter queue has `parked` beside its topic, with
        `code` and `message`.

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
        undone: dict[str, Any] = {"output": None, "effects": [], "error": _explained(run.error)}
        return {**result, "outcome": str(run.outcome), **undone}
    return {**result, "effects": [dict(each) for each in run_attempt.with_parked(decision).effects]}


def _decide(
    result: Mapping[str, Any], message: RunMessage, *, event: Event, profile: object
) -> Decision:
    return run_effects.decide(
        PlannedRun(message=message, event=event),
        result,
        attempt=Attempted(version=0, now=event.received_at),
        subject=_subject(event, profile),
    )


def _subject(event: Event, profile: object) -> Subject:
    """Whom the event of a test is about: whoever its profile describes, whatever its names."""
    named = names.of(event.profile, _RULES)
    nobody = Draft(
        tenant=event.tenant, rules=_RULES, derive=lambda _properties: {}, read={}, holders={}
    )
    subject = nobody.subject(event, named)
    profile_id = subject.profile_id
    if profile_id is None and isinstance(profile, Mapping):
        profile_id = str(profile.get("id") or _UNNAMED_PROFILE)
    person = None if profile_id is None else _person(profile, profile_id)
    if person is None:
        return subject
    draft = replace(nobody, read={person.id: person})
    return replace(subject, profile_id=person.id, profile=person, draft=draft)


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


def not_taken(triggers: Sequence[Trigger], event: Mapping[str, Any]) -> str | None:
    """Why the cloud would not run the function on this event; None when a trigger takes it.

    A function without triggers transforms the deliveries of webhooks, and takes every event.

    Args:
        triggers: the function's.
        event: an envelope that the cloud takes.
    """
    arrived = envelope.parse(event, now=_BEFORE)
    if not triggers or Index([_Subscriber(tuple(triggers))]).match(arrived):
        return None
    unfiltered = tuple(Trigger(topics=each.topics) for each in triggers)
    if Index([_Subscriber(unfiltered)]).match(arrived):
        rest = f"no filter of the triggers that take {arrived.topic} lets the event pass"
    else:
        topics = dict.fromkeys(topic for each in triggers for topic in each.topics)
        rest = f"no trigger takes {arrived.topic}; they take {', '.join(topics)}"
    return f"the cloud would not run this: {rest}"


@dataclass(frozen=True, slots=True)
class _Subscriber:
    triggers: tuple[Trigger, ...]


def retried(retry: RetryPolicy, result: Mapping[str, Any]) -> str | None:
    """What the cloud would do after this failed attempt; None for a run that has ended well."""
    outcome = Outcome(result["outcome"])
    delay_s = retrying.next_delay_s(retry, outcome=outcome, attempt=1, dice=0.5)
    if delay_s is not None:
        return f"the cloud would run this again after {delay_s:g} s, {retry.attempts} times in all"
    if outcome in {Outcome.RETURNED, Outcome.DROPPED}:
        return None
    return "the cloud would not run this again by itself"


def _explained(error: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if error is None or error.get("type") != _BAD_EFFECT:
        return error
    says = f"the cloud would refuse this effect ({error['code']}): {error['message']}"
    return {**error, "refusal": says}


def whole(event: object) -> dict[str, Any] | None:
    """The envelope around an event of a test; None when its topic is none that the cloud takes."""
    arrived = _envelope(event, now=_BEFORE)
    is_event = isinstance(event, Mapping) and event.get("topic") == arrived.topic
    return arrived.to_json() if is_event else None


def check_profile(profile: Mapping[str, Any]) -> None:
    """See that the cloud could store this profile.

    Raises:
        BadInput: it is too large.
    """
    _projected(profile, _UNNAMED_PROFILE)


def _person(profile: object, profile_id: str) -> Profile | None:
    """The profile as the cloud stores one; None when the test's is no JSON object."""
    try:
        return _projected(profile, profile_id) if isinstance(profile, Mapping) else None
    except BadInput as problem:
        raise WrongUsage(f"the cloud could not store this profile: {problem.message}") from problem


def _projected(profile: Mapping[str, Any], profile_id: str) -> Profile:
    texts = {kind: profile[kind] for kind in IDENTIFIERS if isinstance(profile.get(kind), str)}
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
    named = names.of(update.profile, _RULES)
    return attributes.project(profiles.unknown(update.tenant, profile_id), update, named)
