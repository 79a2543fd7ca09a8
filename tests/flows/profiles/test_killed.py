"""Workers that die between any two calls of AWS: nobody is lost, split, or in two places."""

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from moto import mock_aws

from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.profiles.profile import Profile
from runtime.stores.profiles.name_rows import MergeRecords, NameRows
from runtime.stores.profiles.people import People
from runtime.stores.profiles.profiles import Profiles
from runtime.stores.profiles.salts import Salts
from runtime.stores.tables.table import Table
from runtime.stores.timeline.timelines import Timelines
from runtime.usecases.profiles.project_profile import ProjectProfiles
from tests.builders import an_event
from tests.chaos.report import Tell
from tests.cloud import RETENTION_DAYS, Cloud
from tests.identity import (
    RULES,
    as_expected,
    check_integrity,
    check_timelines,
    expected,
    identity_events,
    named,
    stored,
)
from tests.planner_deaths import Death, Killed
from tests.warehouse import Watched, World
from tests.warehouse_records import a_sync

if TYPE_CHECKING:
    from runtime.stores.aws.dynamodb import DynamoDB

BATCH: Final = 10
SEEDS: Final = 12  # of the long test; each takes some seconds


class Process:
    """One process of `project_profile`: it forgets what it knew when it dies."""

    def __init__(self, cloud: Cloud, death: Death | None) -> None:
        self.death = death
        self._cloud = cloud
        client = cast("DynamoDB", Watched(cast("World", self), cloud.clients.tables))

        def watched(table: Table) -> Table:
            return replace(table, client=client)

        names = watched(cloud.profiles.names.table)
        profiles = Profiles(
            table=watched(cloud.profiles.table),
            names=NameRows(table=names, salts=Salts(table=names, random=os.urandom)),
            merges=MergeRecords(table=names, retention_days=RETENTION_DAYS),
            clock=lambda: datetime.now(UTC),
        )
        self.project = ProjectProfiles(
            people=People(
                profiles=profiles,
                rules=lambda _tenant: RULES,
                derive=lambda _tenant: lambda _properties: {},
            ),
            timelines=Timelines(
                table=watched(cloud.timelines.table),
                retention_days=RETENTION_DAYS,
                clock=lambda: datetime.now(UTC),
            ),
        )

    def survives(self, events: Sequence[Event]) -> bool:
        """Project a batch; whether the process lived to its end."""
        try:
            assert [None] * len(events) == self.project(events)
        except Killed:
            return False
        return True


pytestmark = pytest.mark.usefixtures("_aws")


@pytest.fixture
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


def two_who_are_one() -> tuple[Sequence[Event], Sequence[Event]]:
    """Events that make two profiles, and the batch that shows them to be one person's."""
    ada, customer = ProfileRef(email="ada@example.com"), ProfileRef(external_id="c-1")
    both = ProfileRef(email="ada@example.com", external_id="c-1", phone="+493012345678")
    before = [
        an_event(id="evt_1", topic="profile.created", profile=ada, properties={"a": 1}),
        an_event(id="evt_2", topic="profile.created", profile=customer, properties={"b": 2}),
    ]
    batch = [
        an_event(id="evt_3", topic="profile.updated", profile=both, properties={"c": 3}),
        an_event(id="evt_4", topic="profile.updated", profile=customer, properties={"d": 4}),
    ]
    return before, batch


def test_a_worker_that_dies_at_any_call_leaves_a_merge_whole_or_undone() -> None:
    """Before or after each of its calls in turn; the batch comes again, and all is well."""
    before, batch = two_who_are_one()
    calls = Death()
    assert Process(Cloud(), None).survives(before)
    assert Process(Cloud(), calls).survives([*before, *batch])
    assert {"BatchGetItem", "TransactWriteItems", "BatchWriteItem"} <= set(calls.named)
    for at in range(1, calls.calls + 1):
        for after_effect in (False, True):
            cloud = Cloud()
            assert Process(cloud, None).survives(before)
            survived = Process(cloud, Death(at=at, after_effect=after_effect)).survives(batch)
            check_integrity(cloud.people(RULES), stored(cloud))
            assert survived or Process(cloud, None).survives(batch)

            everybody = stored(cloud)
            check_integrity(cloud.people(RULES), everybody)
            check_timelines(cloud, [*before, *batch], everybody)
            assert expected(named([*before, *batch])) == people_of(everybody)


def people_of(everybody: dict[str, Profile]) -> dict[frozenset[Any], Profile]:
    """Every person that is stored, by his names."""
    return {
        frozenset(each.held_names): as_expected(each)
        for each in everybody.values()
        if each.merged_into is None
    }


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(SEEDS))
def test_workers_that_keep_dying_end_with_the_same_people(
    seed: int, tmp_path: Path, tell: Tell
) -> None:
    """Two hundred identity events, kills at every step, and a warehouse that follows."""
    dice = random.Random(seed)  # noqa: S311 - the same again for the same seed
    events = identity_events(dice)
    cloud, world = Cloud(), World(tmp_path)
    world.syncs.add(a_sync())
    seen: dict[str, Profile] = {}
    kills = Counter[str]()
    for death in dying(cloud, events, dice):
        kills.update(death.named[-1:] if death.dead else ())
        everybody = stored(cloud)
        check_integrity(cloud.people(RULES), everybody)
        # What the stream of the table would hand over, in no order, and some of it twice.
        images = [each for key, each in everybody.items() if seen.get(key) != each]
        images += dice.sample(images, len(images) // 3)
        dice.shuffle(images)
        world.archive_profiles(*(replace(each, updated_at=_time(each)) for each in images))
        seen = everybody
    check_timelines(cloud, events, seen)
    assert expected(named(events)) == people_of(seen)

    world.planner().sync_one("acme", "syn_1")
    rows = world.query("SELECT profile_id FROM penstock_acme.profiles WHERE NOT deleted")
    living = {each.id for each in seen.values() if each.merged_into is None}
    assert living == {row["profile_id"] for row in rows}
    tell(f"seed {seed}: {len(living)} people of {len(seen)} profiles; killed at {dict(kills)}")
    world.close()


def dying(cloud: Cloud, events: Sequence[Event], dice: random.Random) -> Iterator[Death]:
    """Project all events by processes of which each but the last dies; yields how each did."""
    batches = [events[n : n + BATCH] for n in range(0, len(events), BATCH)]
    dice.shuffle(batches)
    while batches:
        death = Death(at=dice.randrange(1, 30), after_effect=dice.random() < 0.5)
        process = Process(cloud, death)
        while batches and process.survives(batches[-1]):
            batches.pop()
        yield death


def _time(profile: Profile) -> str:
    """A redirect has no time of its own; the stream gives the change's."""
    return profile.updated_at or "2026-11-20T14:00:00.000Z"
