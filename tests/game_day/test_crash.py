"""A customer's function crashes on every event, and all of them are run when it is mended."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.game_day.installation import ALL, Installation, Play, Tenant
from tests.game_day.receivers import Endpoint
from tests.game_day.reports import Report, heard
from tests.game_day.scenes import CRASH
from tests.scripted_receiver import ScriptedReceiver

EVENTS: Final = 200
HOUR_MIN: Final = 60
TOPIC: Final = "metric.game_day_cart"
NAME: Final = "carts"
BROKEN: Final = 'def handler(event):\n    return event["properties"]["missing"]\n'
SOUND: Final = 'def handler(event):\n    return event["id"]\n'


@pytest.mark.game_day
def test_a_function_that_crashes_on_every_event_is_its_owners_to_hear_of(
    installation: Installation, report: Callable[[Report], None]
) -> None:
    """Its neighbours notice nothing, and every run can be made again."""
    tenant = installation.tenant("game-day-crash")
    with ScriptedReceiver() as server:
        carts = Endpoint(server=server, path="/carts")
        others = Endpoint(server=server, path="/others")
        webhook = tenant.subscribe(carts, TOPIC)
        tenant.subscribe(others, "function.*")
        tenant.api.post("/v1/functions", {"name": NAME, "topics": [TOPIC]})
        release(tenant, NAME, BROKEN)
        play = Play(installation=installation)

        accepted = tenant.send("cart", TOPIC, numbers=range(EVENTS))
        installation.wait("runs that failed", lambda: outcomes(tenant, NAME) == {"raised": EVENTS})
        installation.wait("deliveries", lambda: len(carts.accepted) == EVENTS)
        installation.wait("a notice", lambda: bool(others.bodies))
        play.take_deployed()
        for _ in range(HOUR_MIN):
            play.minute()
        mended, mended_s = play.at, installation.progress.seconds
        release(tenant, NAME, SOUND)
        tenant.api.post(f"/v1/functions/{NAME}/replay", {})

        def are_made() -> bool:
            play.minute()
            return outcomes(tenant, NAME) == {"returned": EVENTS}

        installation.wait("runs that were made again", are_made)
        took_s = installation.progress.seconds - mended_s
        groups = tenant.api.get(f"/v1/functions/{NAME}/errors")["data"]
    assert carts.accepted.keys() == tenant.delivery_ids(accepted, webhook)
    report(
        Report(
            scene=CRASH,
            accepted=len(accepted),
            ended={f"run, and {how}": n for how, n in outcomes(tenant, NAME).items()},
            heard=heard(play.fired(), began=play.began, ended=mended),
            noticed="The function's owner has a notice `function.failing` after ten runs, and finds"
            f" {_groups(groups)}, with the line and the traceback. The webhook on the"
            " same events gets all of them.",
            recovery=f"{took_s:.0f} seconds after the next release, a replay has made all {EVENTS}"
            " runs again under their own ids",
        )
    )


def release(tenant: Tenant, name: str, source: str) -> None:
    """Publish a version of a function."""
    path = f"/v1/functions/{name}"
    version = tenant.api.post(f"{path}/versions", {"source": source})["version"]
    tenant.api.post(f"{path}/publish", {"version": version})


def outcomes(tenant: Tenant, name: str) -> Counter[str]:
    """How many runs of a function ended in each way."""
    runs = tenant.api.each(f"/v1/functions/{name}/runs", limit=ALL)
    return Counter(each["outcome"] for each in runs)


def _groups(groups: list[Any]) -> str:
    [group] = groups
    return f"all {group['count']} failures in one error group (`{group['type']}`)"
