"""One tenant's flood stands in the queue before another's few events, and lets them go first."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from runtime.core.pacing.noisy import LATE_AFTER_S
from tests.game_day.installation import HOUR_MIN, Installation, Play
from tests.game_day.receivers import Endpoint
from tests.game_day.reports import Report, heard
from tests.game_day.scenes import NOISY
from tests.scripted_receiver import ScriptedReceiver

CALLS: Final = 4
EACH: Final = 500  # events of the noisy tenant in a call
FEW: Final = 20  # events of the other
TOPIC: Final = "metric.game_day_click"


@pytest.mark.game_day
def test_a_few_events_do_not_wait_for_the_flood_that_stands_before_them(
    installation: Installation, report: Callable[[Report], None]
) -> None:
    """They are matched before most of it, and all of it is matched."""
    noisy, quiet = (installation.tenant(f"game-day-{name}") for name in ("noisy", "quiet"))
    with ScriptedReceiver() as server:
        ends = [Endpoint(server=server, path=f"/{each.name}") for each in (noisy, quiet)]
        flood, few = ends
        webhooks = [
            tenant.subscribe(end, TOPIC) for tenant, end in zip((noisy, quiet), ends, strict=True)
        ]
        play = Play(installation=installation)
        with installation.by_hand("MatchQueue"):
            sent = [
                noisy.send(f"click-{call}", TOPIC, numbers=range(EACH)) for call in range(CALLS)
            ]
            own = quiet.send("click", TOPIC, numbers=range(FEW))
            late = time.monotonic() + LATE_AFTER_S
            installation.wait("the time", lambda: time.monotonic() > late)
        began_s = installation.progress.seconds
        installation.wait("the few", lambda: len(few.accepted) == FEW)
        few_s, before = installation.progress.seconds - began_s, len(flood.accepted)
        installation.wait("the flood", lambda: len(flood.accepted) == CALLS * EACH)
        flood_s = installation.progress.seconds - began_s
        play.take_deployed()
        for _ in range(HOUR_MIN):
            play.minute()
        deliveries = [
            one
            for tenant, webhook in zip((noisy, quiet), webhooks, strict=True)
            for one in tenant.deliveries(webhook)
        ]
    accepted = [*(one for call in sent for one in call), *own]
    gave_way = round(sum(play.alarms.values("gave_way")))
    assert before < CALLS * EACH / 2
    assert 0 < gave_way <= CALLS * EACH
    assert [1] * FEW == [*few.accepted.values()]
    assert noisy.delivery_ids(accepted[:-FEW], webhooks[0]) == flood.accepted.keys()
    report(
        Report(
            scene=NOISY,
            accepted=len(accepted),
            ended=Counter(each["status"] for each in deliveries),
            heard=heard(play.fired(), began=play.began, ended=play.at),
            noticed=f"The {FEW} events that stood behind {CALLS * EACH:,} are delivered after"
            f" {few_s:.0f} seconds, when {before:,} of the flood are. {gave_way:,} of the flood"
            " gave way.",
            recovery=f"{flood_s:.0f} seconds after the queue is read again, the whole flood is"
            " delivered, on this machine",
        )
    )
