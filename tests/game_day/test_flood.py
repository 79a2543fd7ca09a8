"""One caller floods the API: what is accepted is done, and what is refused is told so."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx
import pytest

from infra.local import deploy
from tests.game_day.installation import MINUTE, Installation, Play, Tenant
from tests.game_day.receivers import Endpoint
from tests.game_day.reports import Report, heard
from tests.game_day.scenes import FLOOD
from tests.scripted_receiver import ScriptedReceiver

API: Final = "ApiFunction"
CALLERS: Final = 8
CALLS: Final = 25  # of each caller in one burst, which stands for a minute of the flood
BURSTS: Final = 6
COPIES: Final = 2
AT_MOST_MIN: Final = 15
TOPIC: Final = "metric.game_day_visit"
REFUSED: Final = 429


@dataclass(kw_only=True)
class Flood:
    """A caller that sends events as fast as it can, and what it was answered."""

    tenant: Tenant
    url: str
    name: str  # in the ids of its events
    accepted: list[str] = field(default_factory=list)  # ids of events
    statuses: Counter[int] = field(default_factory=Counter)
    # Answers of 429 that do not say when to try again: Lambda's own, which no code of ours sees.
    unadvised: int = 0

    def burst(self) -> None:
        """All callers at once, each with a connection of its own."""
        with ThreadPoolExecutor(CALLERS) as pool:
            answers = [each for some in pool.map(self._call, range(CALLERS)) for each in some]
        self.statuses.update(each.status_code for each in answers)
        for each in answers:
            if each.status_code == REFUSED:
                self.unadvised += "retry-after" not in each.headers
            else:
                self.accepted += [event["id"] for event in each.json()["accepted"]]

    def _call(self, caller: int) -> list[httpx.Response]:
        headers = {"authorization": f"Bearer {self.tenant.key}"}
        number = f"{self.name}-{self.statuses.total()}-{caller}"
        with httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False) as http:
            return [
                http.post("/v1/events", json={"id": f"visit-{number}-{n}", "topic": TOPIC})
                for n in range(CALLS)
            ]


@pytest.mark.game_day
def test_a_flood_costs_no_event_that_was_accepted_and_starves_nobody(
    installation: Installation, report: Callable[[Report], None]
) -> None:
    """First the limit of a key turns calls away, then Lambda does."""
    flooder, neighbour = (installation.tenant(f"game-day-{name}") for name in ("flood", "calm"))
    local = installation.ground.local
    floods = [Flood(tenant=flooder, url=local.api_url, name=name) for name in ("key", "copies")]
    calm: list[str] = []
    with ScriptedReceiver() as server:
        ends = {
            each.name: Endpoint(server=server, path=f"/{each.name}")
            for each in (flooder, neighbour)
        }
        webhooks = {
            each.name: each.subscribe(ends[each.name], TOPIC) for each in (flooder, neighbour)
        }
        play = Play(installation=installation)
        turned_away = play.at
        for flood, copies in zip(floods, (None, COPIES), strict=True):
            turned_away = play.at + MINUTE  # the second time by Lambda
            with _reserved(installation, copies):
                for burst in range(BURSTS):
                    calm += _minute(play, flood, neighbour, number=burst)
                    installation.progress.tell(f"{flood.statuses.total()} calls of the flood")
        over = play.at
        accepted = [*floods[0].accepted, *floods[1].accepted]
        installation.wait(
            "deliveries",
            lambda: (
                [len(ends[each.name].accepted) for each in (flooder, neighbour)]
                == [len(accepted), len(calm)]
            ),
        )
        play.take_deployed()
        while play.alarms.on:
            assert play.minutes_since(over) < AT_MOST_MIN
            play.minute()
        deliveries = [
            one for each in (flooder, neighbour) for one in each.deliveries(webhooks[each.name])
        ]
    assert all(
        ends[each.name].accepted.keys() == each.delivery_ids(events, webhooks[each.name])
        for each, events in ((flooder, accepted), (neighbour, calm))
    )
    by_key, by_lambda = floods
    assert set(by_key.statuses) | set(by_lambda.statuses) <= {200, 202, REFUSED}
    assert by_key.statuses[REFUSED] > 0
    assert by_key.unadvised == 0
    report(
        Report(
            scene=FLOOD,
            accepted=len(accepted) + len(calm),
            ended=Counter(each["status"] for each in deliveries),
            heard=heard(play.fired(), began=turned_away, ended=over),
            noticed=f"Of {by_key.statuses.total():,} calls by one key,"
            f" {by_key.statuses[REFUSED]:,} are answered with 429 and `Retry-After`. With"
            f" {COPIES} copies of `api`, Lambda turns away {by_lambda.unadvised:,} of"
            f" {by_lambda.statuses.total():,} calls before they reach our code, also with 429."
            " Nobody is answered with 5xx. What is refused is still with its sender. The"
            f" {len(calm)} calls of the other tenant are accepted, in the second half once Lambda"
            " lets them through. Its deliveries and the flood's have their first attempts within"
            f" {max(play.alarms.values('first_attempt_s')):.1f} s.",
            recovery="the next call after the flood is accepted",
        )
    )


def _minute(play: Play, flood: Flood, neighbour: Tenant, *, number: int) -> list[str]:
    """A burst, as a minute of a flood that lasts, and what another tenant sends meanwhile."""
    numbers = range(number, number + 1)
    calm: list[str] = []

    def burst() -> None:
        metrics = (("Throttles", None), ("Url5xxCount", API))
        before = [play.measured_by_lambda(*metric) for metric in metrics]
        with ThreadPoolExecutor(1) as aside:
            sent = aside.submit(neighbour.send, f"calm-{flood.name}", TOPIC, numbers=numbers)
            flood.burst()
        calm.extend(sent.result())
        for (name, function), earlier in zip(metrics, before, strict=True):
            count = play.measured_by_lambda(name, function) - earlier
            play.count(name, count, function)

    play.minute(meanwhile=burst)
    return calm


@contextmanager
def _reserved(installation: Installation, copies: int | None) -> Iterator[None]:
    """The API has so many copies, as the parameter `ApiConcurrency` says; None: no limit."""
    functions = installation.ground.client("lambda")
    name = deploy.function(functions, API)
    if copies is not None:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=copies)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName=name)
