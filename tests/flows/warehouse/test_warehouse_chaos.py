"""`make chaos`, its warehouse part: whatever happens to planners and warehouse, each row is once.

Twenty loads of 11,000 events and as many profiles, of which each next one has a thousand again.
Planners are killed at any of their calls, before it or after it took effect; the warehouse dies
around its commits; replies are lost; tokens and statements are forgotten; and planners overtake one
another.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.local.redshift.faults import Death as WarehouseDeath
from runtime.core.events.envelope import Event
from runtime.core.profiles.profile import Profile
from runtime.errors import PenstockError
from tests.builders import an_event
from tests.planner_deaths import Death, Killed, Stall
from tests.postgresql_shop import Shop
from tests.warehouse import World
from tests.warehouse_records import a_sync

LOADS = 20
ROWS = 11_000  # of each kind in a load
AGAIN = 1_000  # of them, those that the load before had already
DISTINCT = LOADS * ROWS - (LOADS - 1) * AGAIN
SEED = 14
RACES = 0.3  # the share of loads that two planners race for
MAX_KILLS = 5  # of planners in one load
MAX_TRIES = 12  # until an undisturbed planner has nothing left to do
REPLIES = ("BatchExecuteStatement", "DescribeStatement", "ExecuteStatement", "GetStatementResult")


@dataclass
class Chaos:
    """What happens to one installation, by the dice of one seed."""

    world: World
    dice: random.Random
    trouble: Callable[["Chaos"], None]  # prepares what the warehouse does next
    calls: int = 0  # of an undisturbed planner
    happened: Counter[str] = field(default_factory=Counter)

    def load(self) -> None:
        """Bring everything that has arrived into the warehouse, whatever happens on the way."""
        if self.dice.random() < RACES:
            self._overtake()
        for number in range(MAX_KILLS):
            self.trouble(self)
            # Who goes on with a load that was begun has fewer calls to make.
            last = self.calls // (2 if number else 1)
            death = Death(at=self.dice.randint(1, last), after_effect=self.dice.random() < 0.5)
            self.work(death)
            if not death.dead:
                break
            self.happened[f"killed at {death.named[-1]}"] += 1
        for _ in range(MAX_TRIES):
            if self.work(Death()):
                return
        pytest.fail("an undisturbed planner does not come to an end")

    def work(self, death: Death) -> bool:
        """One process of the sync function; returns whether it found all loaded at its end."""
        planner = self.world.planner(death)
        try:
            loads = planner.sync_one("acme", "syn_1")
        except Killed:
            self.world.pass_time(minutes=17)  # its lease runs out
            if self.dice.random() < 0.2:
                self.happened["token expired"] += 1
                self.world.pass_time(hours=9)
            elif self.dice.random() < 0.1:
                self.happened["statement forgotten"] += 1
                self.world.pass_time(hours=25)
            return False
        except PenstockError as problem:
            self.happened[f"failed: {problem.code}"] += 1
            self.world.pass_time(minutes=17)
            return False
        finally:
            self.world.death = None
        return not loads

    def _overtake(self) -> None:
        """Two planners race: one stands still until its lease is over and another has finished."""
        stall = Stall(at=self.dice.randint(1, self.calls))
        planner = self.world.planner(stall)

        def run() -> None:
            stall.thread = threading.get_ident()
            try:
                planner.sync_one("acme", "syn_1")
            except PenstockError as problem:
                self.happened[f"overtaken: {problem.code}"] += 1
            finally:
                stall.stands.set()

        with ThreadPoolExecutor(1) as aside:
            first = aside.submit(run)
            assert stall.stands.wait(timeout=120)
            self.world.pass_time(minutes=17)
            second = self.world.planner(stall)
            try:
                second.sync_one("acme", "syn_1")
            except PenstockError as problem:
                self.happened[f"overtaking: {problem.code}"] += 1
            finally:
                stall.go_on.set()
            first.result()
        self.world.death = None
        self.world.pass_time(minutes=17)


def redshift_trouble(chaos: Chaos) -> None:
    """Redshift dies around its next commit, or the Data API's next reply is lost."""
    faults = chaos.world.redshift.faults
    faults.deaths.clear()
    faults.lost_replies.clear()
    roll = chaos.dice.random()
    if roll < 0.4:
        death = chaos.dice.choice(list(WarehouseDeath))
        faults.deaths += [death]
        chaos.happened[f"warehouse died {death}"] += 1
    elif roll < 0.7:
        operation = chaos.dice.choice(REPLIES)
        faults.lost_replies.add(operation)
        chaos.happened[f"reply of {operation} lost"] += 1


@pytest.mark.chaos
def test_each_row_is_in_redshift_once_whatever_happens(world: World) -> None:
    """201,000 events and 201,000 profiles, none twice and none missing; the ledgers agree."""
    chaos = Chaos(world, random.Random(SEED), redshift_trouble)  # noqa: S311 - dice, not secrets
    world.syncs.add(a_sync())
    load_all(chaos)
    check(world, lambda sql: world.query(sql.replace("FROM ", "FROM penstock_acme.")))


@pytest.mark.chaos
def test_each_row_is_in_postgresql_once_whatever_happens(shop: Shop) -> None:
    """The same on real locks and real commits: its server ends connections at any moment."""

    def trouble(chaos: Chaos) -> None:
        if chaos.dice.random() < 0.5:
            delay_s = chaos.dice.random() * 2
            threading.Timer(delay_s, hang_up, [shop]).start()
            chaos.happened["connections ended"] += 1

    chaos = Chaos(shop.world, random.Random(SEED), trouble)  # noqa: S311 - dice, not secrets
    load_all(chaos)
    check(shop.world, shop.query)


def hang_up(shop: Shop) -> None:
    """The server ends every connection to the database, wherever its transaction stands."""
    with shop.server.connect() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [shop.database],
        )


def load_all(chaos: Chaos) -> None:
    """Bring twenty loads into the warehouse, one after the other."""
    for number in range(LOADS):
        chaos.world.archive(*events(number))
        chaos.world.archive_profiles(*profiles(number))
        if number == 0:
            undisturbed = Death()
            chaos.work(undisturbed)
            chaos.calls = undisturbed.calls
        chaos.load()
        chaos.world.pass_time(hours=1)
    print(f"seed {SEED}, {chaos.calls} calls:", dict(sorted(chaos.happened.items())))  # noqa: T201
    kills = sum(n for what, n in chaos.happened.items() if what.startswith("killed"))
    assert kills >= LOADS


def check(world: World, query: Callable[[str], list[dict[str, Any]]]) -> None:
    """Each row is there once, in the warehouse and in the lake, and the ledgers agree."""
    for table, key in (("events", "id"), ("profiles", "profile_id")):
        (row,) = query(
            f"SELECT COUNT(*) AS n, COUNT(DISTINCT {key}) AS keys, MIN({key}) AS first,"  # noqa: S608 - ours
            f" MAX({key}) AS last FROM {table}"
        )
        assert row == {
            "n": DISTINCT,
            "keys": DISTINCT,
            "first": name(0),
            "last": name(DISTINCT - 1),
        }
        in_lake = f"SELECT COUNT(DISTINCT {key}) FROM lake"  # noqa: S608 - ours
        assert world.lake(in_lake, table=table) == [(DISTINCT,)]
    loads = query("SELECT load_id, table_name FROM _loads ORDER BY 1, 2")
    manifests = [f"manifest/v1/{row['load_id']}/{row['table_name']}.json" for row in loads]
    assert manifests == world.keys("manifest/")
    (counts,) = query(
        "SELECT SUM(rows_in) AS rows_in, SUM(rows_new) AS rows_new FROM _loads"
        " WHERE table_name IN ('events', 'profiles')"
    )
    assert counts == {"rows_in": 2 * LOADS * ROWS, "rows_new": 2 * DISTINCT}


def name(number: int) -> str:
    """The id of a row: in the order of the alphabet that of arrival."""
    return f"id{number:06d}"


def events(load: int) -> list[Event]:
    """The events that arrive before this load."""
    start = load * (ROWS - AGAIN)
    return [an_event(id=name(number)) for number in range(start, start + ROWS)]


def profiles(load: int) -> list[Profile]:
    """The snapshots that arrive before this load: those that come again have changed."""
    start = load * (ROWS - AGAIN)
    return [
        Profile(
            id=name(number),
            tenant="acme",
            revision=load + 1,
            properties={"load": load},
            updated_at="2026-11-20T13:04:05.123Z",
        )
        for number in range(start, start + ROWS)
    ]
