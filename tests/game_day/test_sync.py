"""The schedule of a sync does not come: an alarm says so, and the next load takes everything."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from infra.demo import warehouse
from infra.demo.setup import make_sync
from runtime.core.warehouse.sync import default_schema
from tests.game_day.installation import HOUR_MIN, Installation, Play
from tests.game_day.reports import Report, heard
from tests.game_day.scenes import SYNC

BEFORE: Final = 200
MEANWHILE: Final = 500
AT_MOST_H: Final = 8
HOUR: Final = timedelta(hours=1)
TOPIC: Final = "metric.game_day_sale"
PLANNER: Final = "SyncFunction"
CHECK: Final = "CheckSyncsFunction"
QUEUE: Final = "SyncQueue"


@pytest.mark.game_day
def test_a_sync_that_nobody_runs_is_late_and_loses_no_row(
    installation: Installation, report: Callable[[Report], None]
) -> None:
    """The load after it takes all that has arrived meanwhile, each row once."""
    tenant = installation.tenant("game-day-sync")
    ground = installation.ground
    shop = warehouse.of_local_cloud(ground.local, ground.session)
    shop = dataclasses.replace(shop, schema=default_schema(tenant.name))
    with installation.by_hand(QUEUE):
        sync = f"/v1/syncs/{make_sync(tenant.api)}"
        play = Play(installation=installation)
        accepted = tenant.send("sale", TOPIC, numbers=range(BEFORE))

        def is_loaded() -> bool:
            tenant.api.post(f"{sync}/run")
            play.work_off(QUEUE)
            return shop.events() == BEFORE

        installation.wait("the first load", is_loaded)
        hour(play)
        stopped = play.at
        numbers = range(BEFORE, BEFORE + MEANWHILE)
        accepted += tenant.send("sale", TOPIC, numbers=numbers)
        while "SyncOverdue" not in play.alarms.on:
            assert play.at - stopped < AT_MOST_H * HOUR
            hour(play, is_planned=False)
        seen, back = shop.events(), play.at
        play.call(PLANNER, {})
        play.work_off(QUEUE)
        rows = shop.events()
        while play.alarms.on:
            assert play.at - back < AT_MOST_H * HOUR
            hour(play)
    assert seen == BEFORE
    assert shop.repeated_events() == 0
    report(
        Report(
            scene=SYNC,
            accepted=len(accepted),
            ended={"loaded": rows},
            heard=heard(play.fired(), began=stopped, ended=back),
            noticed=f"Analysts see {seen} of {len(accepted)} events, until somebody has looked at"
            " what the alarm's runbook says.",
            recovery="the first load after that takes every row, each once",
        )
    )


def hour(play: Play, *, is_planned: bool = True) -> None:
    """An hour: the planner comes at its end, unless it does not, and then the check."""
    play.pass_by(HOUR_MIN)
    if is_planned:
        play.call(PLANNER, {})
        play.work_off(QUEUE)
    assert play.call(CHECK, {}).error is None
    play.judge()
