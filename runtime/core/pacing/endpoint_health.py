"""How an endpoint is doing, and what follows from it: the breaker, notices, the end.

closed ──10 failures in a row──▶ open ──its time comes──▶ one probe ──arrives──▶ closed
                                  ▲                          └──fails──▶ open, for twice as long

Beside that stands whether it is slow: then its deliveries travel in a lane of their own.

An endpoint that does well has no record, and its deliveries cost no write here. A notice is stored
in the same write as the change that it is about, so it cannot be lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from runtime.core import ids, timestamps
from runtime.core.events.envelope import Event

OPEN_AFTER: Final = 10  # failures in a row: a whole default schedule, or one full batch
PROBE_FIRST_S: Final = 30
PROBE_MAX_S: Final = 1800  # a backlog is touched twice an hour, and recovery noticed as soon
PROBE_LEASE_S: Final = 60  # the function's timeout: whoever probes is done by then, or dead
NOTICE_AFTER_S: Final = (3600, 24 * 3600)
DISABLE_AFTER_S: Final = 5 * 24 * 3600  # a long weekend is not the end
# Two failures a week apart are no proof of a dead endpoint: nothing says that it was down between.
DISABLE_FROM_FAILURES: Final = 10
# Longer than a sound receiver takes, or a cold start of ours. Until it is known, each attempt holds
# a worker for its time.
SLOW_AFTER_S: Final = 2.0
SLOW_FOR_S: Final = 900  # after its last slow attempt: to learn it anew holds workers up again


class NoticeKind(StrEnum):
    """What a tenant can subscribe to, each as the topic `webhook.<kind>`."""

    FAILING = "failing"
    DISABLED = "disabled"
    ENABLED = "enabled"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the tenant is to hear."""

    kind: NoticeKind
    at_ms: int  # epoch ms of the change that it is about
    reason: str | None = None  # a code such as `gone`; only of `DISABLED` and `ENABLED`
    failures: int | None = None  # in a row by then; None when nothing failed
    failing_since_ms: int | None = None  # epoch ms of the first of them
    after_s: int | None = None  # for which of NOTICE_AFTER_S it is sent; only of `FAILING`


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of one endpoint. The defaults are those of a healthy one."""

    tenant: str
    webhook_id: str
    revision: int = 0  # grows by one with each write; 0 until the first
    failures: int = 0  # in a row
    failing_since_ms: int | None = None  # epoch ms of the first of them; None without failures
    noticed: int = 0  # how many notices of kind FAILING this row of failures has led to
    opened: int = 0  # how often in a row the breaker has opened
    open_until_ms: int | None = None  # epoch ms; None while the breaker is closed
    ended: bool = False  # whether its webhook is disabled for good
    notices: tuple[Notice, ...] = ()  # those that are not sent yet
    slow_until_ms: int | None = None  # epoch ms until when it counts as slow; None if it never did


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How one attempt went."""

    error: str | None  # a code; None when the receiver took the delivery
    gone: bool = False  # whether the receiver answered 410
    probe: bool = False  # whether the attempt was the probe of an open breaker


@dataclass(frozen=True, slots=True)
class Closed:
    """Send."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Send one delivery if you are the first to store `claim`; all others wait for its answer."""

    claim: Health


@dataclass(frozen=True, slots=True)
class Open:
    """Send nothing until then."""

    until_ms: int


def gate(health: Health, *, now_ms: int) -> Closed | Probe | Open:
    """Whether the breaker lets a delivery through."""
    if health.open_until_ms is None:
        return Closed()
    if now_ms < health.open_until_ms:
        return Open(health.open_until_ms)
    return Probe(replace(health, open_until_ms=now_ms + PROBE_LEASE_S * 1000))


def wait_until_ms(health: Health, *, until_ms: int, dice: float) -> int:
    """When a delivery that the breaker holds back asks again: spread over one probe interval.

    All at once would knock a receiver over that has only just come back.
    """
    return until_ms + int(probe_delay_s(max(1, health.opened)) * 1000 * dice)


def probe_delay_s(times: int) -> int:
    """How long the breaker stays open the n-th time in a row."""
    return int(min(PROBE_MAX_S, PROBE_FIRST_S * 2 ** min(times - 1, 10)))


def observe(health: Health, attempts: Iterable[Seen], *, now_ms: int) -> Health:
    """The health after these attempts, in the order they ended; the same object if nothing changes.

    A sound endpoint's single failure among successes does not count. A receiver that is busy now
    and then would else cost two writes a batch: one for the failure, one to take it back behind the
    next success. When the failure is no accident, others follow, and they count.
    """
    after, several = health, list(attempts)
    for each in several:
        if after.ended:
            break
        after = _failed(after, each, now_ms) if each.error is not None else _well(after, now_ms)
    is_accident = not health.failures and after.failures == 1 and not after.ended
    return health if after == health or (is_accident and len(several) > 1) else after


def is_slow(health: Health, *, now_ms: int) -> bool:
    """Whether its deliveries travel in the slow lane."""
    return health.slow_until_ms is not None and now_ms < health.slow_until_ms


def slowed(health: Health, *, now_ms: int) -> Health:
    """The health of an endpoint that kept us waiting; the same object if it counts as slow already.

    The time is renewed when half of it has passed, so that an endpoint that stays slow costs a
    write every few minutes, not one for each attempt.
    """
    if is_slow(health, now_ms=now_ms + SLOW_FOR_S * 500):
        return health
    return replace(health, slow_until_ms=now_ms + SLOW_FOR_S * 1000)


def reset(health: Health) -> Health:
    """The health of a webhook that somebody has switched on again: nothing bad is known of it."""
    return Health(tenant=health.tenant, webhook_id=health.webhook_id, revision=health.revision)


def event(tenant: str, webhook_id: str, notice: Notice) -> Event:
    """The notice as an event; the same notice always makes the same event."""
    at, since = timestamps.of_epoch_ms(notice.at_ms), notice.failing_since_ms
    properties = {
        "webhook_id": webhook_id,
        "reason": notice.reason,
        "failures": notice.failures,
        "failing_since": None if since is None else timestamps.of_epoch_ms(since),
        "after_s": notice.after_s,
    }
    topic = f"webhook.{notice.kind}"
    return Event(
        id=ids.derive("evt", tenant, webhook_id, topic, str(notice.at_ms), str(notice.after_s)),
        tenant=tenant,
        topic=topic,
        occurred_at=at,
        received_at=at,
        origin="system",
        properties={name: value for name, value in properties.items() if value is not None},
    )


def _well(health: Health, now_ms: int) -> Health:
    if not health.failures:
        return health
    recovered: tuple[Notice, ...] = ()
    if health.noticed:  # a tenant that never heard of the failures need not hear of their end
        recovered = (_notice(health, NoticeKind.RECOVERED, now_ms),)
    notices = (*health.notices, *recovered)
    return replace(reset(health), notices=notices, slow_until_ms=health.slow_until_ms)


def _failed(health: Health, attempt: Seen, now_ms: int) -> Health:
    since_ms = now_ms if health.failing_since_ms is None else health.failing_since_ms
    failing = replace(health, failures=health.failures + 1, failing_since_ms=since_ms)
    lasted_s = (now_ms - since_ms) / 1000
    worn_out = lasted_s >= DISABLE_AFTER_S and failing.failures >= DISABLE_FROM_FAILURES
    if attempt.gone or worn_out:
        reason = "gone" if attempt.gone else "failing"
        notice = replace(_notice(failing, NoticeKind.DISABLED, now_ms), reason=reason)
        return replace(failing, ended=True, open_until_ms=None, notices=(*failing.notices, notice))
    return _opened(_noticed(failing, lasted_s, now_ms), attempt, now_ms)


def _noticed(failing: Health, lasted_s: float, now_ms: int) -> Health:
    """The health with a notice for the longest of NOTICE_AFTER_S that has passed, if it is due.

    A notice for a shorter time that was missed is not sent any more: it would be stale news.
    """
    passed = sum(lasted_s >= after_s for after_s in NOTICE_AFTER_S)
    if passed <= failing.noticed:
        return failing
    notice = replace(
        _notice(failing, NoticeKind.FAILING, now_ms), after_s=NOTICE_AFTER_S[passed - 1]
    )
    return replace(failing, noticed=passed, notices=(*failing.notices, notice))


def _opened(failing: Health, attempt: Seen, now_ms: int) -> Health:
    """The health with the breaker opened if there were enough failures.

    Attempts that were under way when it opened do not prolong it; only a failed probe does.
    """
    is_open = failing.open_until_ms is not None
    if failing.failures < OPEN_AFTER or (is_open and not attempt.probe):
        return failing
    times = failing.opened + 1
    return replace(failing, opened=times, open_until_ms=now_ms + probe_delay_s(times) * 1000)


def _notice(health: Health, kind: NoticeKind, now_ms: int) -> Notice:
    return Notice(
        kind=kind,
        at_ms=now_ms,
        failures=health.failures,
        failing_since_ms=health.failing_since_ms,
    )
