"""How a function is doing, and who is told: notices after failures in a row, and of the recovery.

A function that does well has no record, and its runs cost no write here. A notice is stored in the
same write as the change that it is about, so it cannot be lost.

Notices are events, and a function may subscribe to them. Two rules keep them from going in circles:
a run on a notice counts neither way, so a notice never leads straight to another; and a notice has
come through one function more than the event whose run led to it, so what goes around by way of
other events ends like any loop, after `MAX_HOPS`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from runtime.core import ids, timestamps
from runtime.core.events.envelope import MAX_HOPS, Event
from runtime.core.functions.canary import CanaryFailure
from runtime.core.functions.function import Function
from runtime.core.functions.run import Run

FAILING_AFTER: Final = 10  # failures in a row: one full batch
NOTICE_AFTER_S: Final = (3600, 24 * 3600)
# Beyond FAILING_AFTER the exact number no longer decides anything. Counted with each batch, a busy
# function's workers would all wait for each other at its one record.
COUNT_EVERY_S: Final = 10


class NoticeKind(StrEnum):
    """What a tenant can subscribe to, each as the topic `function.<kind>`."""

    FAILING = "failing"
    RECOVERED = "recovered"
    CANARY_FAILED = "canary_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the tenant is to hear."""

    kind: NoticeKind
    at_ms: int  # epoch ms of the change that it is about
    version: int  # the version of the example; 0 when no version could run
    run_id: str  # an example: the run that led to the notice
    hops: int = 0  # how many functions the notice has come through, as in `Event`
    outcome: str | None = None  # of the example
    error_type: str | None = None  # of the example's error; None when it has none
    failures: int | None = None  # in a row by then, at least; None for `CANARY_FAILED`
    failing_since_ms: int | None = None  # epoch ms of the first of them
    # For which of NOTICE_AFTER_S it is sent. None for FAILING_AFTER, and for other kinds.
    after_s: int | None = None
    canary: CanaryFailure | None = None  # only of `CANARY_FAILED`


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of one function. The defaults are those of a healthy one."""

    tenant: str
    function: str
    # When the function was created, ISO 8601: a later one of the same name is another function.
    # None before the first write.
    created_at: str | None = None
    revision: int = 0  # grows by one with each write; 0 until the first
    # In a row, whatever the version. Exact up to FAILING_AFTER; at least so many beyond.
    failures: int = 0
    failing_since_ms: int | None = None  # epoch ms of the first of them; None without failures
    counted_at_ms: int | None = None  # epoch ms of the last write of `failures`; None without
    noticed: int = 0  # how far the notices of this row of failures have come; 0 for none
    canary_ended: str | None = None  # id of the canary that failed last; None if none has failed
    notices: tuple[Notice, ...] = ()  # those that are not sent yet

    @property
    def failing(self) -> bool:
        """Whether the tenant was told that the function fails, and not yet that it recovered."""
        return self.noticed > 0

    @property
    def failing_since(self) -> str | None:
        """When the first of the failures in a row ended; ISO 8601, None without failures."""
        return (
            None if self.failing_since_ms is None else timestamps.of_epoch_ms(self.failing_since_ms)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One attempt of a run that is on record, and the event that it was made on."""

    run: Run
    event: Event


def of_function(health: Health, function: Function) -> Health:
    """The health of this function, from the one that is stored under its name.

    A deleted function leaves its health behind. A new one of the same name has nothing to do with
    it, except that notices that are still unsent must go out.
    """
    if health.created_at == function.created_at:
        return health
    return Health(
        tenant=health.tenant,
        function=health.function,
        created_at=function.created_at,
        revision=health.revision,
        notices=health.notices,
    )


def observe(health: Health, ended: Iterable[Ended], *, now_ms: int) -> Health:
    """The health after these runs; the same object if nothing is to be written.

    One run that did well is enough for all of them. A function that fails now and then would else
    cost a write for each batch that ends with a failure, and one to take it back; and a function
    that is broken leaves no run well in the next batch either.
    """
    counting = [each for each in ended if _counts(each)]
    good = [each for each in counting if not each.run.outcome.failed]
    if good:
        return _well(health, good[-1], now_ms)
    return _failed(health, counting, now_ms) if counting else health


def with_canary_failure(
    health: Health, failure: CanaryFailure, ended: Sequence[Ended], *, now_ms: int
) -> Health:
    """The health with the notice that a canary failed; the same object if there was one already.

    Args:
        health: of the function.
        failure: why the canary is to end.
        ended: the runs of the batch that brought the decision.
        now_ms: epoch ms.
    """
    if health.canary_ended == failure.canary_id:
        return health
    failed = [
        each
        for each in ended
        if each.run.canary_id == failure.canary_id and each.run.outcome.failed
    ]
    example = (failed or ended)[-1]
    notice = replace(_notice(example, NoticeKind.CANARY_FAILED, now_ms), canary=failure)
    return replace(health, canary_ended=failure.canary_id, notices=(*health.notices, notice))


def events(health: Health) -> list[Event]:
    """The notices that are not sent yet, as events; the same notice always makes the same event."""
    return [_event(health, notice) for notice in health.notices if notice.hops <= MAX_HOPS]


def is_notice(event: Event) -> bool:
    """Whether an event is one of our notices about a function."""
    return event.origin == "system" and event.topic in {f"function.{kind}" for kind in NoticeKind}


def _counts(ended: Ended) -> bool:
    """Whether a run says something about the function's health."""
    return ended.run.is_conclusive and not is_notice(ended.event)


def _well(health: Health, good: Ended, now_ms: int) -> Health:
    if not health.failures:
        return health
    recovered: tuple[Notice, ...] = ()
    if health.noticed:  # a tenant that never heard of the failures need not hear of their end
        recovered = (_of_row(health, _notice(good, NoticeKind.RECOVERED, now_ms)),)
    return replace(
        health,
        failures=0,
        failing_since_ms=None,
        counted_at_ms=None,
        noticed=0,
        notices=(*health.notices, *recovered),
    )


def _failed(health: Health, failed: Sequence[Ended], now_ms: int) -> Health:
    failing = replace(
        health,
        failures=health.failures + len(failed),
        failing_since_ms=now_ms if health.failing_since_ms is None else health.failing_since_ms,
        counted_at_ms=now_ms,
    )
    stage = _stage(failing, now_ms)
    if stage > health.noticed:
        after_s = NOTICE_AFTER_S[stage - 2] if stage > 1 else None
        notice = replace(_notice(failed[-1], NoticeKind.FAILING, now_ms), after_s=after_s)
        return replace(failing, noticed=stage, notices=(*failing.notices, _of_row(failing, notice)))
    return health if _counted_lately(health, now_ms) else failing


def _stage(failing: Health, now_ms: int) -> int:
    """How far the notices have come: 1 for FAILING_AFTER, 2 and 3 for the times.

    A notice for an earlier stage that was missed is not sent any more: it would be stale news.
    """
    lasted_s = (now_ms - (failing.failing_since_ms or now_ms)) / 1000
    passed = sum(lasted_s >= after_s for after_s in NOTICE_AFTER_S)
    return passed + 1 if passed else int(failing.failures >= FAILING_AFTER)


def _counted_lately(health: Health, now_ms: int) -> bool:
    return (
        health.failures >= FAILING_AFTER
        and health.counted_at_ms is not None
        and now_ms - health.counted_at_ms < COUNT_EVERY_S * 1000
    )


def _notice(example: Ended, kind: NoticeKind, now_ms: int) -> Notice:
    run = example.run
    return Notice(
        kind=kind,
        at_ms=now_ms,
        version=run.version,
        run_id=run.id,
        hops=example.event.hops + 1,
        outcome=str(run.outcome),
        error_type=None if run.error is None else str(run.error.get("type")),
    )


def _of_row(health: Health, notice: Notice) -> Notice:
    """The notice with the row of failures that it is about."""
    return replace(notice, failures=health.failures, failing_since_ms=health.failing_since_ms)


def _event(health: Health, notice: Notice) -> Event:
    at, topic = timestamps.of_epoch_ms(notice.at_ms), f"function.{notice.kind}"
    return Event(
        id=ids.derive("evt", health.tenant, health.function, topic, *_identity(notice)),
        tenant=health.tenant,
        topic=topic,
        occurred_at=at,
        received_at=at,
        origin="system",
        hops=notice.hops,
        properties={
            name: value
            for name, value in _properties(health.function, notice).items()
            if value is not None
        },
    )


def _identity(notice: Notice) -> tuple[str, ...]:
    if notice.canary is not None:
        return (notice.canary.canary_id,)  # it fails once, whichever worker notices
    return str(notice.at_ms), str(notice.after_s)


def _properties(function: str, notice: Notice) -> dict[str, object]:
    since_ms, canary = notice.failing_since_ms, notice.canary
    about: dict[str, object] = {
        "function": function,
        "version": notice.version,
        "run_id": notice.run_id,
        "outcome": notice.outcome,
        "error_type": notice.error_type,
        "failures": notice.failures,
        "failing_since": None if since_ms is None else timestamps.of_epoch_ms(since_ms),
        "after_s": notice.after_s,
    }
    if canary is None:
        return about
    return about | {
        "version": canary.version,
        "live_version": canary.live_version,
        "canary_id": canary.canary_id,
        "reason": canary.reason,
        "canary_runs": canary.counts.canary_runs,
        "canary_failures": canary.counts.canary_failures,
        "live_runs": canary.counts.live_runs,
        "live_failures": canary.counts.live_failures,
    }
