"""Whatever comes first, twice or between: the same people, with the same attributes."""

import random
from collections.abc import Sequence
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.core.events.envelope import Event
from runtime.core.profiles.change import Change
from runtime.core.profiles.identity import Draft
from runtime.core.profiles.names import Named, NameRules
from runtime.races import Races
from runtime.usecases.profiles.project_profile import ProjectProfiles
from tests.cloud import Cloud, in_process
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

BATCH: Final = 10
WORKERS: Final = 3


class Interleaved:
    """People as the store has them, where other workers come in between a read and a write."""

    def __init__(self, cloud: Cloud, batches: list[list[Event]], dice: random.Random) -> None:
        self._people = cloud.people(RULES)
        self._timelines = cloud.timelines
        self._batches = batches
        self._dice = dice
        self._working = 0  # workers that have begun a batch
        self.races_lost = 0

    def rules(self, tenant: str) -> NameRules:
        """What may be a name."""
        return self._people.rules(tenant)

    def draft(
        self, tenant: str, events: Sequence[tuple[Event, Named]], *, again: bool = False
    ) -> Draft:
        """A draft of the people whom these events are about."""
        return self._people.draft(tenant, events, again=again)

    def commit(self, change: Change) -> bool:
        """Store a change; before that another worker may begin a batch, and end it."""
        if self._batches and self._working < WORKERS and self._dice.random() < 0.3:
            self.work()
        won = self._people.commit(change)
        self.races_lost += not won
        return won

    def work(self) -> None:
        """Project the next batch as a worker of its own would."""
        batch = self._batches.pop()
        races = Races(dice=lambda: 0.0, pause=lambda _s: None)
        self._working += 1
        problems = ProjectProfiles(people=self, timelines=self._timelines, races=races)(batch)
        self._working -= 1
        assert [None] * len(batch) == problems, problems

    def work_all(self) -> None:
        """Project all batches."""
        while self._batches:
            self.work()


class TestLaws:
    """Identity events, as queues deliver them."""

    @settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32))
    def test_any_order_and_any_interleaving_gives_the_same_people(self, seed: int) -> None:
        """Two hundred events, some twice, by workers who overtake each other."""
        dice = random.Random(seed)  # noqa: S311 - the same again for the same seed
        events = identity_events(dice)
        queue = [*events, *dice.sample(events, 20)]
        dice.shuffle(queue)
        batches = [queue[n : n + BATCH] for n in range(0, len(queue), BATCH)]
        with in_process() as cloud:
            people = cloud.people(RULES)
            Interleaved(cloud, batches, dice).work_all()
            everybody = stored(cloud)
            check_integrity(people, everybody)
            check_timelines(cloud, events, everybody)

        assert expected(named(events)) == {
            frozenset(each.held_names): as_expected(each)
            for each in everybody.values()
            if each.merged_into is None
        }
