"""A receiver is out for ten hours, and everything that was for it comes when it is back."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Final

import pytest

from tests.game_day.installation import MINUTE, Installation, Play, Tenant
from tests.game_day.receivers import Endpoint
from tests.game_day.reports import Report, heard
from tests.game_day.scenes import OUTAGE
from tests.scripted_receiver import ScriptedReceiver

QUEUES: Final = ("MatchQueue", "DeliverQueue", "SlowQueue")
EVENTS: Final = 5_000
HOURS: Final = 10
EVERY_MIN: Final = 10  # so often events arrive, more and more
AT_LEAST: Final = 10  # at a time
RECOVERY_MIN: Final = 90  # played minute by minute; what is due later is gone to
TOPIC: Final = "metric.game_day_order"


@pytest.mark.game_day
def test_nothing_is_lost_in_an_outage_of_ten_hours(
    installation: Installation, report: Callable[[Report], None]
) -> None:
    """Each event comes once, under the id that it had from the beginning."""
    tenant = installation.tenant("game-day-outage")
    with ScriptedReceiver() as server, installation.by_hand(*QUEUES):
        orders = Endpoint(server=server, path="/orders", is_up=False)
        others = Endpoint(server=server, path="/others")
        webhook = tenant.subscribe(orders, TOPIC)
        tenant.subscribe(others, "webhook.*")
        play = Play(installation=installation)

        accepted = _outage(play, tenant)
        posts, back = sum(orders.refused.values()), play.at
        orders.is_up = True
        first, most = _recovery(play, tenant, webhook, orders)

        deliveries = tenant.deliveries(webhook)
    expected = tenant.delivery_ids(accepted, webhook)
    assert orders.accepted == Counter(expected)
    assert set(orders.refused) <= expected
    assert {each["id"] for each in deliveries} == expected
    failing, recovered = (_notice(others, kind) for kind in ("failing", "recovered"))
    report(
        Report(
            scene=OUTAGE,
            accepted=len(accepted),
            ended=Counter(each["status"] for each in deliveries),
            heard=heard(play.fired(), began=play.began, ended=back),
            noticed="The tenant has a notice `webhook.failing` after"
            f" {_minutes(play.began, failing)} minutes, and `webhook.recovered`"
            f" {_minutes(back, recovered)} minutes after the receiver is back. In ten hours the"
            f" receiver was asked {posts} times, because the breaker was open: what waits loses no"
            " attempt.",
            recovery="by then the breaker asks twice an hour, and what it has held back comes over"
            f" half an hour: the first delivery {_minutes(back, first)} minutes after the receiver"
            f" is back, 99 of 100 within {_minutes(back, most)}, the last after"
            f" {_minutes(back, play.at)}",
        )
    )


def _outage(play: Play, tenant: Tenant) -> list[str]:
    """The ten hours; the ids of the events that were accepted in them."""
    accepted: list[str] = []
    times = HOURS * 60 // EVERY_MIN
    for time in range(times):
        until = max(len(accepted) + AT_LEAST, EVENTS * (time + 1) ** 3 // times**3)
        accepted += tenant.send("order", TOPIC, numbers=range(len(accepted), until))
        for _ in range(EVERY_MIN):
            play.minute(*QUEUES)
        played = f"{play.minutes_since(play.began)} minutes of the outage"
        play.installation.progress.tell(f"{played}, {len(accepted):,} events")
    assert not play.alarms.on
    return accepted


def _recovery(
    play: Play, tenant: Tenant, webhook: str, orders: Endpoint
) -> tuple[datetime, datetime]:
    """Until everything has come; when the first did, and 99 of 100 had."""
    first = most = None
    back = play.at
    while len(orders.accepted) < EVENTS:
        if play.at - back >= RECOVERY_MIN * MINUTE:
            [soonest] = tenant.api.get(
                "/v1/deliveries", {"webhook": webhook, "status": "pending", "limit": 1}
            )["data"]
            due = datetime.fromtimestamp(soonest["due_at_ms"] / 1000, play.at.tzinfo)
            play.pass_by(max(0, _minutes(play.at, due)))
        play.minute(*QUEUES)
        play.installation.progress.tell(f"it is back; {len(orders.accepted):,} events have come")
        first = first or (play.at if orders.accepted else None)
        most = most or (play.at if len(orders.accepted) >= EVENTS * 0.99 else None)
    play.minute(*QUEUES)  # the notice that it has recovered
    assert first is not None
    assert most is not None
    return first, most


def _notice(others: Endpoint, kind: str) -> datetime:
    """When what the first notice of a kind tells of has happened."""
    bodies = [json.loads(body) for body in others.bodies]
    return datetime.fromisoformat(
        next(each["timestamp"] for each in bodies if each["type"] == f"webhook.{kind}")
    )


def _minutes(since: datetime, at: datetime) -> int:
    return int((at - since) / MINUTE)
