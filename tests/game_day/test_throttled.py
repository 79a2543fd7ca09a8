"""The tables turn every call away for seven minutes: what came meanwhile is done afterwards."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import pytest

from tests.game_day.installation import HOUR_MIN, MINUTE, Installation, Play, Tenant
from tests.game_day.receivers import Endpoint
from tests.game_day.reports import Report, heard, minutes
from tests.game_day.scenes import TABLES
from tests.game_day.throttle import throttling
from tests.scripted_receiver import ScriptedReceiver

QUEUES: Final = ("MatchQueue", "DeliverQueue", "SlowQueue")
FUNCTIONS: Final = ("FanoutFunction", "DeliverFunction", "SweepFunction")
EACH_MIN: Final = 10  # events that arrive in each minute
BEFORE_MIN: Final = 5
THROTTLED_MIN: Final = 7
AT_MOST_MIN: Final = 15
TOPIC: Final = "metric.game_day_payment"


@pytest.mark.game_day
def test_throttled_tables_delay_everything_and_lose_nothing(
    installation: Installation, report: Callable[[Report], None]
) -> None:
    """Each message stays in its queue until the tables take it."""
    tenant = installation.tenant("game-day-throttled")
    with (
        ScriptedReceiver() as server,
        installation.by_hand(*QUEUES),
        throttling(installation.ground.local.aws_endpoint) as tables,
    ):
        payments = Endpoint(server=server, path="/payments")
        webhook = tenant.subscribe(payments, TOPIC)
        way = {"AWS_ENDPOINT_URL_DYNAMODB": tables.url}
        play = Play(installation=installation, variables=dict.fromkeys(FUNCTIONS, way))
        accepted = _minutes(play, tenant, BEFORE_MIN)
        accepted += _arrive(tenant, after=accepted)
        play.work_off("MatchQueue")  # these are on their way already
        began, before = play.at + MINUTE, len(payments.accepted)
        tables.is_on = True
        accepted += _minutes(play, tenant, THROTTLED_MIN, after=accepted)
        tables.is_on = False
        over, meanwhile = play.at, len(payments.accepted) - before
        while len(payments.accepted) < len(accepted):
            assert play.minutes_since(over) < AT_MOST_MIN
            play.minute(*QUEUES)
        took_min = play.minutes_since(over)
        play.pass_by(HOUR_MIN)
        deliveries = tenant.deliveries(webhook)
    expected = tenant.delivery_ids(accepted, webhook)
    assert set(payments.accepted) == expected == {each["id"] for each in deliveries}
    again = sum(payments.accepted.values()) - len(expected)
    report(
        Report(
            scene=TABLES,
            accepted=len(accepted),
            ended=Counter(each["status"] for each in deliveries),
            heard=heard(play.fired(), began=began, ended=over),
            noticed=f"Webhooks do not come: {meanwhile} in {THROTTLED_MIN} minutes. The API still"
            f" takes events, which wait in the queue. The tables turned {tables.turned_away:,}"
            f" calls away. {again} deliveries came twice.",
            recovery=f"{minutes(took_min)} after the tables take calls again, everything has come",
        )
    )


def _minutes(play: Play, tenant: Tenant, count: int, *, after: Sequence[str] = ()) -> list[str]:
    """Minutes in which events arrive; the ids of those."""
    accepted: list[str] = []
    for _ in range(count):
        accepted += _arrive(tenant, after=[*after, *accepted])
        play.minute(*QUEUES)
    return accepted


def _arrive(tenant: Tenant, *, after: Sequence[str]) -> list[str]:
    """A minute's events, numbered after those that came before."""
    numbers = range(len(after), len(after) + EACH_MIN)
    return tenant.send("payment", TOPIC, numbers=numbers)
