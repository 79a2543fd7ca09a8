"""What a run means: its record, the profile it changed, and what goes out because of it.

All that goes out is derived from the record and the event, ids and times included. A redelivered
message therefore repeats what the first one sent, to the byte, and never multiplies it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from runtime.core import ids, timestamps
from runtime.core.deliveries import recording
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.messages import MAX_BODY_BYTES, DeliverMessage
from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.core.functions.function import Engine
from runtime.core.functions.run import Outcome, Run
from runtime.core.functions.run_plan import MAX_LEFT_BYTES, PlannedRun
from runtime.core.json_text import dump
from runtime.core.profiles import profile
from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput, Transient

# A run that fails leaves nothing behind but its record (and the requests it has made).
_TAKES_EFFECT: Final = frozenset({Outcome.RETURNED, Outcome.DROPPED})
# What a refused run's record still has of the sandbox's result.
_KEPT: Final = ("logs", "duration_ms", "engine", "isolation")
MAX_DURATION_MS: Final = 3_600_000  # an hour; a run ends after seconds
_NO_PAYLOAD: Final = "a transform returns a dict, a list of dicts, or None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What goes out because of a run; `looped` are emitted envelopes that went round too often.

    `recorded` go on record before the messages are sent: what has ended already, and what has a
    body too large for a message.
    """

    events: tuple[Event, ...] = ()
    looped: tuple[Mapping[str, Any], ...] = ()
    messages: tuple[DeliverMessage, ...] = ()
    recorded: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a result amounts to: what is to be stored together, and what is to be sent after that.

    Attributes:
        run: its record.
        outgoing: what the stored run sends out.
        profile: the profile as the run has changed it; None when it has changed nothing.
        read_revision: the revision that the change was made to; 0 for a profile that is new.
    """

    run: Run
    outgoing: Outgoing
    profile: Profile | None = None
    read_revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """One attempt of a run: which code, when, and when the next would be (None: never)."""

    version: int
    now: str
    retry_at_ms: int | None = None


@dataclass(slots=True)
class _Collected:
    events: list[Event] = field(default_factory=list)
    looped: list[Mapping[str, Any]] = field(default_factory=list)
    messages: list[DeliverMessage] = field(default_factory=list)
    large: list[Delivery] = field(default_factory=list)


def decide(
    planned_run: PlannedRun,
    result: Mapping[str, Any],
    *,
    attempt: Attempted,
    person: Profile | None,
) -> Decision:
    """What the sandbox's result for one event amounts to.

    Effects that cannot be taken (a malformed topic, a payload that is none) refuse the whole run,
    in the user's words; nothing of it is applied.

    Raises:
        Transient: code `sandbox_crashed`; the result is not one.
    """
    run = _record(planned_run, result, attempt=attempt)
    if run.outcome not in _TAKES_EFFECT:
        return Decision(run=run, outgoing=outgoing(run, planned_run.event))
    try:
        _check_size(run)
        decision = Decision(run=run, outgoing=outgoing(run, planned_run.event))
        return _with_profile(decision, planned_run, person, now=attempt.now)
    except BadInput as problem:
        error = {"type": "BadEffect", "code": problem.code, "message": _sentence(problem)}
        return refused(planned_run, error, attempt=attempt, result=result)


def refused(
    planned_run: PlannedRun,
    error: Mapping[str, Any],
    *,
    attempt: Attempted,
    result: Mapping[str, Any] | None = None,
) -> Decision:
    """What a run amounts to that the platform would not make, or would not take."""
    refusal = {"outcome": "refused", "error": {"traceback": "", **error}}
    others = {name: (result or {}).get(name) for name in _KEPT}
    run = _record(planned_run, {**others, **refusal}, attempt=attempt)
    return Decision(run=run, outgoing=outgoing(run, planned_run.event))


def outgoing(run: Run, event: Event) -> Outgoing:
    """Everything that a stored run sends out.

    Raises:
        BadInput: an effect that cannot be taken; never for a run that `decide` has let through.
    """
    if run.outcome not in _TAKES_EFFECT:
        return Outgoing(recorded=_ended(run, f"function_{run.outcome}", Status.DEAD))
    out = _Collected()
    for number, effect in enumerate(run.effects, 1):
        try:
            _collect(out, effect, run=run, event=event)
        except BadInput as problem:
            raise _named(problem, effect, number) from problem
    bodies = _payloads(run)
    ended = () if bodies else _ended(run, "dropped_by_function", Status.DROPPED)
    for position, body in enumerate(bodies or ()):
        webhook = run.webhook_id or ""
        name = ids.delivery_id(run.tenant, run.event_id, webhook, position)
        _send(out, body, message=_message(run, webhook=webhook, delivery_id=name), run=run)
    return Outgoing(
        events=tuple(out.events),
        looped=tuple(out.looped),
        messages=tuple(out.messages),
        recorded=(*out.large, *ended),
    )


def _duration_ms(spent: object) -> float:
    if spent is None:
        return 0.0
    if not isinstance(spent, int | float) or not 0 <= spent <= MAX_DURATION_MS:
        raise ValueError("no run takes that long")
    return float(spent)


def _record(planned_run: PlannedRun, result: Mapping[str, Any], *, attempt: Attempted) -> Run:
    message = planned_run.message
    try:
        outcome = Outcome(result["outcome"])
        again = outcome is Outcome.RETRY and attempt.retry_at_ms is not None
        return Run(
            id=message.run_id,
            tenant=message.tenant,
            function=message.function,
            version=attempt.version,
            event_id=planned_run.event.id,
            topic=planned_run.event.topic,
            outcome=outcome,
            attempt=message.attempt,
            created_at=attempt.now,
            duration_ms=_duration_ms(result.get("duration_ms")),
            webhook_id=message.webhook_id,
            output=result.get("output"),
            error=_error(result),
            logs=tuple(dict(line) for line in result.get("logs") or ()),
            effects=tuple(dict(effect) for effect in result.get("effects") or ()),
            due_at_ms=attempt.retry_at_ms if again else None,
            event=planned_run.event.to_json() if again else None,
            engine=_engine(result),
            isolation=_text(result.get("isolation")),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise Transient("the sandbox's result is no result", code="sandbox_crashed") from problem


def _engine(result: Mapping[str, Any]) -> Engine | None:
    """What ran the code; None when nothing has."""
    name = result.get("engine")
    return None if name is None else Engine(name)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is no text")


def _error(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The error, with the findings that made it when the source was refused."""
    error, findings = result.get("error"), result.get("findings")
    if error is None and not findings:
        return None
    return {**(error or {}), **({"findings": findings} if findings else {})}


def _with_profile(
    decision: Decision, planned_run: PlannedRun, person: Profile | None, *, now: str
) -> Decision:
    run = decision.run
    changes = [effect for effect in run.effects if effect.get("op") == "profile"]
    if not changes:
        return decision
    if planned_run.profile_id is None:
        rule = (
            "profile.set and profile.unset change the profile that the event is about, and this "
            "event names none; look at event['profile'] before you call them"
        )
        raise BadInput(rule, code="no_profile")
    before = person or profile.unknown(run.tenant, planned_run.profile_id)
    # A profile that nobody has stored yet gets the identifiers of the event that found it.
    changed = profile.project(before, planned_run.event) if person is None else before
    for effect in changes:
        changed = profile.amend(
            changed,
            put=_mapping(effect.get("set") or {}),
            unset=[str(name) for name in _list(effect.get("unset") or [])],
            now=now,
        )
    if changed is before:
        return decision
    after = profile.stored(changed)
    return replace(decision, profile=after, read_revision=before.revision)


def _collect(out: _Collected, effect: Mapping[str, Any], *, run: Run, event: Event) -> None:
    match effect.get("op"):
        case "emit":
            position = len(out.events) + len(out.looped)
            raw = _emitted(effect, run=run, event=event, position=position)
            try:
                out.events.append(envelope.parse(raw, now=run.created_at))
            except BadInput as problem:
                if problem.code != "loop":
                    raise
                out.looped.append(raw)
        case "deliver":
            webhook = effect.get("webhook")
            if not isinstance(webhook, str) or not ids.is_id(webhook):
                raise BadInput("deliver() takes a webhook's id", code="bad_webhook")
            position = len(out.messages)
            # Named by the run, not the event: the webhook may hear of the event by itself, too.
            name = ids.delivery_id(run.tenant, run.id, webhook, position)
            message = _message(run, webhook=webhook, delivery_id=name)
            _send(out, dump(effect.get("payload")), message=message, run=run)
        case "profile" | "http":
            pass  # the first is applied with the record, the second has happened
        case other:
            raise BadInput(f"unknown effect {other!r}", code="bad_effect")


def _emitted(effect: Mapping[str, Any], *, run: Run, event: Event, position: int) -> dict[str, Any]:
    return {
        "id": ids.emitted_event_id(run.id, position),
        "tenant": run.tenant,
        "topic": effect.get("topic"),
        "occurred_at": run.created_at,
        "received_at": run.created_at,
        "origin": "function",
        "hops": event.hops + 1,
        "profile": event.profile.to_json(),
        "properties": effect.get("properties"),
    }


def _payloads(run: Run) -> list[str] | None:
    """The bodies that a transform has made; None when there is nothing to deliver."""
    if run.webhook_id is None or run.outcome is Outcome.DROPPED or run.output is None:
        return None
    bodies = run.output if isinstance(run.output, list) else [run.output]
    if not all(isinstance(body, Mapping) for body in bodies):
        raise BadInput(_NO_PAYLOAD, code="bad_payload")
    return [dump(body) for body in bodies]


def _send(out: _Collected, body: str, *, message: DeliverMessage, run: Run) -> None:
    if len(body.encode()) <= MAX_BODY_BYTES:
        out.messages.append(replace(message, body=body))
        return
    # Due at once: were its message lost, the sweep finds it.
    due_at_ms = int(timestamps.moment(run.created_at).timestamp() * 1000)
    begun = recording.begun(message, body, now=run.created_at)
    out.large.append(replace(begun, due_at_ms=due_at_ms, hinted=True))
    out.messages.append(message)


def _message(run: Run, *, webhook: str, delivery_id: str) -> DeliverMessage:
    return DeliverMessage(
        tenant=run.tenant,
        delivery_id=delivery_id,
        webhook_id=webhook,
        event_id=run.event_id,
        topic=run.topic,
        body=None,
    )


def _ended(run: Run, reason: str, status: Status) -> tuple[Delivery, ...]:
    if run.webhook_id is None or run.due_at_ms is not None:
        return ()
    return (
        Delivery(
            id=ids.delivery_id(run.tenant, run.event_id, run.webhook_id),
            tenant=run.tenant,
            webhook_id=run.webhook_id,
            event_id=run.event_id,
            topic=run.topic,
            status=status,
            body="",
            created_at=run.created_at,
            reason=reason,
        ),
    )


def _check_size(run: Run) -> None:
    size = len(dump({"output": run.output, "effects": list(run.effects)}).encode())
    if size > MAX_LEFT_BYTES:
        raise BadInput(
            f"output and effects have {size} bytes; a run leaves at most {MAX_LEFT_BYTES}",
            code="result_too_large",
        )


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput("profile.set takes names and values", code="bad_effect")
    return value


def _list(value: object) -> Iterable[Any]:
    if not isinstance(value, list):
        raise BadInput("profile.unset takes names", code="bad_effect")
    return value


def _named(problem: BadInput, effect: Mapping[str, Any], number: int) -> BadInput:
    """The same refusal, saying which effect is meant."""
    op, about = effect.get("op"), effect.get("topic") or effect.get("webhook")
    call = f"{op}({about!r})" if isinstance(about, str) else str(op)
    return BadInput(f"effect {number}: {call}: {_sentence(problem)}", code=problem.code)


def _sentence(problem: BadInput) -> str:
    return f"{problem.field}: {problem.message}" if problem.field else problem.message
