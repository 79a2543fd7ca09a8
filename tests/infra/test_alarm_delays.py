"""How long after trouble begins each alarm fires, and ends: what the runbooks' first page promises.

Virtual minutes: from one on, the metrics are those of the trouble, as real functions write them and
as often; before it and after its end they are those of a normal day.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from infra.local.ministack_alarms import ALARM, Datum
from infra.scan import template
from runtime.core.watch.queues import EVERY_MIN
from tests.alarms import ALARMS, of_lambda, says

PAGE: Final = template.ROOT / "docs" / "runbooks" / "README.md"
BEGIN: Final = datetime(2026, 11, 20, 12, 1, tzinfo=UTC)
HOUR_MIN: Final = 60


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What goes wrong, as metrics."""

    sick: Callable[[datetime], list[Datum]]  # what is measured in a minute of it
    healthy: Callable[[datetime], list[Datum]]  # what is measured in any other minute
    every_min: int = 1  # how often it is measured
    fires_within_min: int  # as the page says


def ours(name: str, value: float, *, service: str = "") -> Callable[[datetime], list[Datum]]:
    """A metric that we write, of a function or of the installation."""
    about = frozenset({("service", service)}) if service else frozenset[tuple[str, str]]()
    return lambda at: [
        Datum(namespace="Penstock", name=name, dimensions=about, at_s=at.timestamp(), value=value)
    ]


def lambdas(
    name: str, value: float, function: str | None = None
) -> Callable[[datetime], list[Datum]]:
    """A metric that Lambda measures."""
    return lambda at: [of_lambda(name, value, at=at, function=function)]


def nothing(_at: datetime) -> list[Datum]:
    """A metric that is not written."""
    return []


def attempts(failed: int) -> Callable[[datetime], list[Datum]]:
    """A thousand records of `deliver` in a minute, of which so many fail."""
    taken, lost = (
        ours("records", 1000, service="deliver"),
        ours("failed", failed, service="deliver"),
    )
    return lambda at: [*taken(at), *(lost(at) if failed else [])]


TROUBLES: Final = {
    "FirstAttemptSlow": Trouble(
        sick=ours("first_attempt_s", 120, service="deliver"),
        healthy=ours("first_attempt_s", 1, service="deliver"),
        fires_within_min=10,
    ),
    "DeliveriesFailing": Trouble(sick=attempts(3), healthy=attempts(0), fires_within_min=60),
    "ApiFailing": Trouble(
        sick=lambdas("Url5xxCount", 2, "Api"),
        healthy=lambdas("Url5xxCount", 0, "Api"),
        fires_within_min=5,
    ),
    "SyncOverdue": Trouble(
        sick=ours("sync.overdue_s", 7201),
        healthy=nothing,
        every_min=HOUR_MIN,
        fires_within_min=HOUR_MIN,
    ),
    "DeadLetters": Trouble(
        sick=ours("dead_letters", 1), healthy=nothing, every_min=EVERY_MIN, fires_within_min=12
    ),
    "QueueLate": Trouble(
        sick=ours("queue_late_s", 1), healthy=nothing, every_min=EVERY_MIN, fires_within_min=12
    ),
    "RowsLost": Trouble(
        sick=ours("rows_lost", 1), healthy=nothing, every_min=HOUR_MIN, fires_within_min=HOUR_MIN
    ),
    "SweepStopped": Trouble(
        sick=nothing, healthy=lambdas("Errors", 0, "Sweep"), fires_within_min=5
    ),
    "ProfileStreamOld": Trouble(
        sick=lambdas("IteratorAge", 900_001, "FollowProfiles"),
        healthy=lambdas("IteratorAge", 60_000, "FollowProfiles"),
        fires_within_min=5,  # after the quarter of an hour that the records are late by then
    ),
    "OutcomeStreamOld": Trouble(
        sick=lambdas("IteratorAge", 900_001, "FollowOutcomes"),
        healthy=lambdas("IteratorAge", 60_000, "FollowOutcomes"),
        fires_within_min=5,
    ),
    "Throttled": Trouble(
        sick=lambdas("Throttles", 40), healthy=lambdas("Throttles", 0), fires_within_min=5
    ),
}


def states(alarm: str, *, sick_min: int, then_min: int) -> Iterator[tuple[int, str]]:
    """What an alarm says in each minute after trouble has begun, which ends after `sick_min`."""
    trouble = TROUBLES[alarm]
    data: list[Datum] = []
    for minute in range(-90, sick_min + then_min):
        at = BEGIN + timedelta(minutes=minute)
        measured = trouble.sick if 0 <= minute < sick_min else trouble.healthy
        if (at.hour * 60 + at.minute) % trouble.every_min == 0:
            data += measured(at)
        if minute >= 0:
            yield minute + 1, says(alarm, data, now=at + timedelta(seconds=59))


@pytest.mark.parametrize("alarm", TROUBLES)
def test_an_alarm_fires_within_the_time_that_its_page_promises(alarm: str) -> None:
    """And is over at the latest an hour, or its own period, after the trouble is."""
    within_min = TROUBLES[alarm].fires_within_min
    sick_min = 2 * HOUR_MIN
    said = list(states(alarm, sick_min=sick_min, then_min=HOUR_MIN + 5))

    assert min(minute for minute, state in said if state == ALARM) <= within_min
    assert said[-1][1] != ALARM


@pytest.mark.parametrize("alarm", ["SweepStopped", "Throttled", "FirstAttemptSlow"])
def test_a_bad_minute_wakes_nobody(alarm: str) -> None:
    """What has ended when somebody looks need not have called."""
    assert ALARM not in {state for _, state in states(alarm, sick_min=1, then_min=30)}


def test_a_rollout_is_watched_by_the_alarms_that_ring_while_it_lasts() -> None:
    """And by none that says what was so before, or rings until a person has come.

    No rollout begins while one of its alarms rings.
    """
    quick = {name for name, each in TROUBLES.items() if each.fires_within_min <= 12}
    of_before = {"ProfileStreamOld", "OutcomeStreamOld", "DeadLetters"}
    [api] = [each for each in template.functions() if each.name == "ApiFunction"]
    watching = api.properties["DeploymentPreference"]["Alarms"]
    named = {template.resolve(each, stack="").removeprefix("Alarms.") for each in watching}

    assert quick - of_before == named


def test_each_alarm_of_the_template_has_a_row_on_the_page_and_a_trouble_here() -> None:
    """So that no promise stands without its test."""
    rows = re.findall(r"^\| \[(.+?)\]\([\w-]+\.md\) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert named - {"ServiceLevel"} == set(ALARMS) == set(TROUBLES)
