"""Turns the sandbox's result into the run's record, its profile change and what it sends out.

Everything that is sent is derived from the record and the event, ids and times included. A
redelivered message therefore sends the same bytes under the same ids, and nothing is doubled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from runtime.core import ids, timestamps
from runtime.core.deliveries import recording
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.messages import MAX_BODY_BYTES, DeliverMessage
from runtime.core.events import envelope, topics
from runtime.core.events.envelope import Event
from runtime.core.functions import measured, retrying
from runtime.core.functions.function import Engine, RetryPolicy
from runtime.core.functions.run import Outcome, Run
from runtime.core.functions.run_plan import MAX_LEFT_BYTES, PlannedRun
from runtime.core.json_text import dump
from runtime.core.profiles import profile
from runtime.core.profiles.attributes import Amendment
from runtime.core.profiles.change import Change
from runtime.core.profiles.identity import Subject
from runtime.errors import BadInput, Transient

# Only these runs take effect. A failed run leaves its record and the requests that it made.
_TAKES_EFFECT: Final = frozenset({Outcome.RETURNED, Outcome.DROPPED})
# The parts of the sandbox's result that go into the record of a refused run.
_FACTS: Final = ("logs", "http", "memory_mb", "duration_ms", "engine", "isolation")
_NO_PAYLOAD: Final = "a transform returns a dict, a list of dicts, or None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What a run sends out."""

    events: tuple[Event, ...] = ()  # that the run emitted
    looped: tuple[Mapping[str, Any], ...] = ()  # emitted envelopes with too many hops; not sent on
    messages: tuple[DeliverMessage, ...] = ()
    # Deliveries to store before the messages are sent: those that have ended, those whose body is
    # too large for a message, and the one that an earlier round of the run could not make.
    recorded: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows from a result: the run and profile to store in one write, then what to send."""

    run: Run
    outgoing: Outgoing  # to be sent once the run is stored
    change: Change | None = None  # of the event's person, by the run; None when it changed nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """One attempt of a run: what ran, and when."""

    version: int  # 0 when no version could run
    now: str  # ISO 8601; when the attempt is decided
    dice: float = 0.5  # 0 to 1, for the jitter of the next attempt's time; 0.5 is none
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    # As in `Run`.
    source_sha256: str | None = None
    environment_version: int | None = None
    secret_versions: Mapping[str, int] = field(default_factory=dict)
    canary_id: str | None = None


@dataclass(slots=True)
class _Collected:
    events: list[Event] = field(default_factory=list)
    looped: list[Mapping[str, Any]] = field(default_factory=list)
    messages: list[DeliverMessage] = field(default_factory=list)
    recorded: list[Delivery] = field(default_factory=list)


def decide(
    planned_run: PlannedRun,
    result: Mapping[str, Any],
    *,
    attempt: Attempted,
    subject: Subject,
) -> Decision:
    """Decide what follows from the sandbox's result for one event.

    One bad effect, such as a malformed topic, refuses the whole run: none of its effects is
    applied, and the error names the user's call.

    Raises:
        Transient: code `sandbox_crashed`: the result is malformed.
    """
    run = _record(planned_run, result, attempt=attempt, profile_id=subject.profile_id)
    if run.outcome is Outcome.SKIPPED:  # a word of ours, not of the sandbox
        raise Transient("the sandbox's result is malformed", code="sandbox_crashed")
    if run.outcome not in _TAKES_EFFECT:
        return Decision(run=run, outgoing=outgoing(run, planned_run.event))
    try:
        _check_size(run)
        decision = Decision(run=run, outgoing=outgoing(run, planned_run.event))
        return _with_change(decision, planned_run, subject, now=attempt.now)
    except BadInput as problem:
        error = {"type": "BadEffect", "code": problem.code, "message": _sentence(problem)}
        return refused(
            planned_run, error, attempt=attempt, result=result, profile_id=subject.profile_id
        )


def refused(
    planned_run: PlannedRun,
    error: Mapping[str, Any],
    *,
    attempt: Attempted,
    result: Mapping[str, Any] | None = None,
    outcome: Outcome = Outcome.REFUSED,
    profile_id: str | None = None,
) -> Decision:
    """Decide what follows from a run that the platform refused to make or to accept.

    Args:
        planned_run: the run.
        error: `type` and `message`.
        attempt: what ran, and when.
        result: the sandbox's, if the code ran.
        outcome: `SKIPPED` when somebody wanted the function not to run.
        profile_id: the profile that its event is about; None when nobody has looked.
    """
    refusal = {"outcome": outcome, "error": {"traceback": "", **error}}
    others = {name: (result or {}).get(name) for name in _FACTS}
    run = _record(planned_run, {**others, **refusal}, attempt=attempt, profile_id=profile_id)
    return Decision(run=run, outgoing=outgoing(run, planned_run.event))


def outgoing(run: Run, event: Event) -> Outgoing:
    """Everything that a stored run sends out.

    Raises:
        BadInput: an effect is malformed. A run that `decide` accepted has no such effect.
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
        message = _message(run, webhook=webhook, delivery_id=name)
        # When the run failed, its delivery was recorded as dead under the first of these ids.
        _send(out, body, message=message, run=run, record=position == 0 and run.replayed_after > 0)
    return Outgoing(
        events=tuple(out.events),
        looped=tuple(out.looped),
        messages=tuple(out.messages),
        recorded=(*out.recorded, *ended),
    )


def _record(
    planned_run: PlannedRun,
    result: Mapping[str, Any],
    *,
    attempt: Attempted,
    profile_id: str | None,
) -> Run:
    message = planned_run.message
    try:
        outcome = Outcome(result["outcome"])
        in_round = message.attempt - message.replayed_after
        due_at_ms = _due_at_ms(attempt, outcome, number=in_round)
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
            duration_ms=measured.duration_ms(result.get("duration_ms")),
            webhook_id=message.webhook_id,
            profile_id=profile_id or profile.id_of(planned_run.event),
            source_sha256=attempt.source_sha256,
            environment_version=attempt.environment_version,
            secret_versions=attempt.secret_versions,
            canary_id=attempt.canary_id,
            output=result.get("output"),
            error=_error(result),
            logs=tuple(dict(line) for line in result.get("logs") or ()),
            effects=tuple(dict(effect) for effect in result.get("effects") or ()),
            http_calls=measured.http_calls(result.get("http")),
            memory_mb=measured.memory_mb(result.get("memory_mb")),
            due_at_ms=due_at_ms,
            event=None if due_at_ms is None else planned_run.event.to_json(),
            pinned_version=message.version,
            replay_id=message.replay_id,
            replayed_after=message.replayed_after,
            engine=_engine(result),
            isolation=_text(result.get("isolation")),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise Transient("the sandbox's result is malformed", code="sandbox_crashed") from problem


def _due_at_ms(attempt: Attempted, outcome: Outcome, *, number: int) -> int | None:
    delay_s = retrying.next_delay_s(
        attempt.retry, outcome=outcome, attempt=number, dice=attempt.dice
    )
    if delay_s is None:
        return None
    return int((timestamps.moment(attempt.now).timestamp() + delay_s) * 1000)


def _engine(result: Mapping[str, Any]) -> Engine | None:
    """What ran the code; None when nothing ran."""
    name = result.get("engine")
    return None if name is None else Engine(name)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is not text")


def _error(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The error, with the check's findings when they are why the source was refused."""
    error, findings = result.get("error"), result.get("findings")
    if error is None and not findings:
        return None
    return {**(error or {}), **({"findings": findings} if findings else {})}


def _with_change(
    decision: Decision, planned_run: PlannedRun, subject: Subject, *, now: str
) -> Decision:
    run = decision.run
    changes = [effect for effect in run.effects if effect.get("op") == "profile"]
    if not changes:
        return decision
    if subject.profile_id is None:
        rule = (
            "profile.set and profile.unset change the profile that the event is about, and this "
            "event names none; look at event['profile'] before you call them"
        )
        raise BadInput(rule, code="no_profile")
    draft = subject.draft.alone()
    if subject.profile is None:  # a profile that is not stored yet takes the names of this event
        for _ in draft.project(planned_run.event, subject.named):
            pass
    for effect in changes:
        amendment = Amendment(
            put=_mapping(effect.get("set") or {}),
            unset=tuple(str(name) for name in _list(effect.get("unset") or [])),
        )
        draft.amend(subject.profile_id, amendment, now=now, cause=f"run:{run.id}")
    return replace(decision, change=draft.change())


def _collect(out: _Collected, effect: Mapping[str, Any], *, run: Run, event: Event) -> None:
    match effect.get("op"):
        case "emit":
            position = len(out.events) + len(out.looped)
            raw = _emitted(effect, run=run, event=event, position=position)
            topics.check_sendable(raw["topic"])
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
            # The id comes from the run, not from the event: the webhook may subscribe to the event
            # as well, and the two deliveries must not share an id.
            name = ids.delivery_id(run.tenant, run.id, webhook, position)
            message = _message(run, webhook=webhook, delivery_id=name)
            _send(out, dump(effect.get("payload")), message=message, run=run, record=False)
        case "profile" | "http":
            pass  # a profile change is stored with the record; an HTTP call was made in the run
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
    """The bodies that a transform made; None when there is nothing to deliver."""
    if run.webhook_id is None or run.outcome is Outcome.DROPPED or run.output is None:
        return None
    bodies = run.output if isinstance(run.output, list) else [run.output]
    if not all(isinstance(body, Mapping) for body in bodies):
        raise BadInput(_NO_PAYLOAD, code="bad_payload")
    return [dump(body) for body in bodies]


def _send(out: _Collected, body: str, *, message: DeliverMessage, run: Run, record: bool) -> None:
    if len(body.encode()) <= MAX_BODY_BYTES and not record:
        out.messages.append(replace(message, body=body))
        return
    # The delivery is due at once, so the sweep finds it should its message get lost.
    due_at_ms = int(timestamps.moment(run.created_at).timestamp() * 1000)
    begun = recording.begun(message, body, now=run.created_at)
    out.recorded.append(replace(begun, due_at_ms=due_at_ms, hinted=True, replay_id=run.replay_id))
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
            replay_id=run.replay_id,
        ),
    )


def _check_size(run: Run) -> None:
    size = len(dump({"output": run.output, "effects": list(run.effects)}).encode())
    if size > MAX_LEFT_BYTES:
        raise BadInput(
            f"output and effects are {size} bytes; at most {MAX_LEFT_BYTES} are allowed",
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
    """The same refusal with the number and the call of the effect that caused it."""
    op, about = effect.get("op"), effect.get("topic") or effect.get("webhook")
    call = f"{op}({about!r})" if isinstance(about, str) else str(op)
    return BadInput(f"effect {number}: {call}: {_sentence(problem)}", code=problem.code)


def _sentence(problem: BadInput) -> str:
    return f"{problem.field}: {problem.message}" if problem.field else problem.message
