"""How a sync does, and who is told: notices after failures in a row, and of the recovery.

A notice is stored with the failure that it is about, so it cannot be lost: a planner that dies
before it has sent the notice leaves it to the next planner of the sync.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from runtime.core import ids
from runtime.core.events.envelope import Event
from runtime.core.warehouse.advice import advice
from runtime.core.warehouse.gap import Gap
from runtime.core.warehouse.sync import Sync

# Failures in a row. The first is told at once, because a sync may run once a day; the later ones
# tell that it was no accident, and that nobody has mended it.
NOTICE_AT: Final = (1, 3, 10)
MAX_ERROR_CHARS: Final = 2_000


class NoticeKind(StrEnum):
    """What a tenant can subscribe to, each as the topic `sync.<kind>`."""

    FAILING = "failing"
    RECOVERED = "recovered"
    GAP = "gap"


class Problem(NamedTuple):
    """Why a run failed."""

    error: str  # for people: the warehouse's own words where it gave some
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the tenant is to hear."""

    kind: NoticeKind
    at: str  # ISO 8601: when the run ended that it is about
    failures: int  # runs that failed in a row by then
    failing_since: str | None = None  # ISO 8601: when the first of them ended; None without
    error: str | None = None  # of the last failure; None of a recovery
    error_code: str | None = None  # likewise
    gap: Gap | None = None  # only of `GAP`


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of how a sync does. The defaults are those of a healthy one."""

    failures: int = 0  # runs that failed in a row
    failing_since: str | None = None  # ISO 8601: when the first of them ended; None without
    error: str | None = None  # of the last failure; None without
    error_code: str | None = None  # likewise
    gap: Gap | None = None  # the gap that the sync stands before; None without one
    notices: tuple[Notice, ...] = ()  # those that are not sent yet


def failed(health: Health, problem: Problem, *, at: str, gap: Gap | None = None) -> Health:
    """The health after a run that failed.

    Args:
        health: before the run.
        problem: why it failed.
        at: ISO 8601: when it ended.
        gap: the gap that it failed at, if that is why.
    """
    failing = replace(
        health,
        failures=health.failures + 1,
        failing_since=health.failing_since or at,
        error=problem.error[:MAX_ERROR_CHARS],
        error_code=problem.code,
        gap=gap,
    )
    kinds: list[NoticeKind] = []
    if gap is not None and (health.gap is None or health.gap.first_seq != gap.first_seq):
        kinds.append(NoticeKind.GAP)
    if failing.failures in NOTICE_AT:
        kinds.append(NoticeKind.FAILING)
    return _telling(failing, kinds, at=at)


def well(health: Health, *, at: str) -> Health:
    """The health after a run that loaded all there was; the same object if nothing has changed."""
    if not health.failures:
        return health
    recovered = _telling(health, [NoticeKind.RECOVERED], at=at, of_error=False)
    return Health(notices=recovered.notices)


def events(sync: Sync, health: Health) -> list[Event]:
    """The notices that are not sent yet, as events; the same notice always makes the same event."""
    return [_event(sync, notice) for notice in health.notices]


def _telling(health: Health, kinds: list[NoticeKind], *, at: str, of_error: bool = True) -> Health:
    notices = tuple(
        Notice(
            kind=kind,
            at=at,
            failures=health.failures,
            failing_since=health.failing_since,
            error=health.error if of_error else None,
            error_code=health.error_code if of_error else None,
            gap=health.gap if kind is NoticeKind.GAP else None,
        )
        for kind in kinds
    )
    return replace(health, notices=(*health.notices, *notices))


def _event(sync: Sync, notice: Notice) -> Event:
    topic = f"sync.{notice.kind}"
    return Event(
        id=ids.derive("evt", sync.tenant, sync.id, topic, notice.at, str(notice.failures)),
        tenant=sync.tenant,
        topic=topic,
        occurred_at=notice.at,
        received_at=notice.at,
        origin="system",
        hops=0,
        properties={
            name: value for name, value in _properties(sync, notice).items() if value is not None
        },
    )


def _properties(sync: Sync, notice: Notice) -> dict[str, object]:
    return {
        "sync_id": sync.id,
        "name": sync.name,
        "kind": sync.kind.value,
        "failures": notice.failures,
        "failing_since": notice.failing_since,
        "error": notice.error,
        "error_code": notice.error_code,
        "advice": None
        if notice.error_code is None
        else advice(notice.error_code, is_own=sync.is_own),
        **({} if notice.gap is None else asdict(notice.gap)),
    }
