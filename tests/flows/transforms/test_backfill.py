"""Data transforms in the write of a profile, and the backfill of those that exist already."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.jobs.durable import SETTLE_MS
from runtime.core.jobs.job import Job, JobState
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.core.transforms.format import Case, Format
from runtime.core.transforms.transform import Definition, Transform
from runtime.stores.profiles.people import People
from runtime.stores.profiles.profile_pages import ProfilePages
from runtime.stores.transforms.known_transforms import KnownTransforms
from runtime.stores.transforms.transforms import Transforms
from runtime.usecases.jobs.work_off import WorkOff
from runtime.usecases.profiles.project_profile import ProjectProfiles
from runtime.usecases.transforms import backfill_page
from runtime.usecases.transforms.backfill_page import BackfillPage
from runtime.usecases.transforms.create_transform import CreateTransform
from runtime.usecases.transforms.delete_transform import DeleteTransform
from runtime.usecases.transforms.start_backfill import StartBackfill
from runtime.usecases.transforms.update_transform import UpdateTransform
from tests import cloud as clouds
from tests.builders import TENANT, an_event
from tests.cloud import Cloud
from tests.doubles import FakeClock

UPPER: Final = Definition(
    name="towns", sources=("city",), target="city", settings=Format(trim=True, case=Case.UPPER)
)


@dataclass(kw_only=True)
class World:
    """Profiles, transforms and jobs of one tenant."""

    cloud: Cloud
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def transforms(self) -> Transforms:
        """The store."""
        return Transforms(config=self.cloud.config)

    def make(self, definition: Definition = UPPER) -> Transform:
        """A new transform, which every worker has heard of."""
        create = CreateTransform(
            transforms=self.transforms, new_id=lambda kind: f"{kind}_1", clock=self.clock
        )
        made = create(TENANT, definition, position=None, enabled=True)
        self.clock.advance(5)
        return made

    def hear(self, customer: str, **properties: Any) -> None:
        """An event about a customer, which sets properties."""
        self.clock.advance(1)
        known = KnownTransforms(config=self.cloud.config, clock=self.clock)
        people = People(
            profiles=self.cloud.profiles,
            rules=self.cloud.people().rules,
            derive=known.overlay,
        )
        event = an_event(
            id=f"evt_{self.clock().timestamp()}",
            occurred_at=timestamp(self.clock()),
            topic="profile.updated",
            profile=ProfileRef(external_id=customer),
            properties=properties,
        )
        assert ProjectProfiles(people=people, timelines=self.cloud.timelines)([event]) == [None]

    def all_profiles(self) -> list[Profile]:
        """Every live profile."""
        pages = ProfilePages(table=self.cloud.profiles.table)
        return list(pages.page(TENANT, after=None, limit=1000).items)

    def cities(self) -> list[str]:
        """What the profiles show as their cities, sorted."""
        return sorted(profile.shown_properties["city"] for profile in self.all_profiles())

    def backfill(self) -> Job:
        """A backfill that is started, and worked off when it is due."""
        start = StartBackfill(
            jobs=self.cloud.jobs, new_id=lambda kind: f"{kind}_{self.clock()}", clock=self.clock
        )
        job = start(TENANT)
        self.clock.advance(SETTLE_MS / 1000)
        self.work()
        return self.cloud.jobs.get(TENANT, job.id)

    def work(self) -> None:
        """The function `jobs`, called once."""
        step = BackfillPage(
            transforms=self.transforms,
            pages=ProfilePages(table=self.cloud.profiles.table),
            profiles=self.cloud.profiles,
            clock=self.clock,
        )
        work_off: WorkOff[Job] = WorkOff(
            store=self.cloud.jobs,
            steps={"transform_backfill": step},
            budget_s=55,
            clock=self.clock,
        )
        work_off()


@pytest.fixture
def world() -> Iterator[World]:
    """An account of its own."""
    with clouds.in_process() as cloud:
        yield World(cloud=cloud)


def test_the_write_of_a_profile_has_the_transforms_applied_and_keeps_the_original(
    world: World,
) -> None:
    """No second write, and no moment in which a profile shows only half."""
    world.make()
    world.hear("ada", city=" roma ")
    [profile] = world.all_profiles()
    assert profile.revision == 1
    assert profile.shown_properties == {"city": "ROMA"}
    assert profile.properties == {"city": " roma "}


def test_a_later_event_sets_the_original_and_the_derived_value_follows(world: World) -> None:
    """A derived value never stands in the way of a newer one."""
    world.make()
    world.hear("ada", city="roma")
    world.hear("ada", city="Oslo")
    assert world.cities() == ["OSLO"]


def test_a_backfill_brings_existing_profiles_up_to_date_and_counts_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page; those that are as they should be are not written again."""
    monkeypatch.setattr(backfill_page, "PROFILES", 2)
    for number, city in enumerate(["roma", "oslo", "PARIS", "x" * 9000, "bern"]):
        world.hear(f"customer {number}", city=city)
    world.make()
    job = world.backfill()
    assert (job.state, job.done) == (JobState.DONE, 5)
    assert job.counts == {"changed": 3, "too_large": 1}
    assert world.cities() == ["BERN", "OSLO", "PARIS", "ROMA", "x" * 9000]
    before = world.all_profiles()
    assert world.backfill().counts["changed"] == 0
    assert world.all_profiles() == before


def test_a_deleted_transforms_values_are_taken_back_and_later_changes_stay(world: World) -> None:
    """What it has written is its own; what others have set since is theirs."""
    transform = world.make()
    world.hear("ada", city="roma")
    world.hear("bob", city="oslo")
    DeleteTransform(transforms=world.transforms)(TENANT, transform.id)
    world.clock.advance(5)
    world.hear("ada", city="milano")
    assert world.backfill().counts["changed"] == 1
    assert world.cities() == ["milano", "oslo"]


def test_a_revert_takes_back_what_a_version_has_written(world: World) -> None:
    """Going back is another version, and a backfill makes it so everywhere."""
    transform = world.make()
    world.hear("ada", city="roma")
    update = UpdateTransform(transforms=world.transforms, clock=world.clock)
    update(TENANT, transform.id, changes={"settings": {"case": "title"}})
    world.backfill()
    assert world.cities() == ["Roma"]
    update.revert(TENANT, transform.id, version=1)
    world.backfill()
    assert world.cities() == ["ROMA"]


def test_a_profile_that_changes_during_a_backfill_keeps_its_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other writer has applied the transforms of today as well."""
    world.hear("ada", city="roma")
    world.make()
    page = ProfilePages.page

    def overtaken(self: ProfilePages, *args: Any, **named: Any) -> Any:
        read = page(self, *args, **named)
        monkeypatch.setattr(ProfilePages, "page", page)
        world.hear("ada", city="bern")
        return read

    monkeypatch.setattr(ProfilePages, "page", overtaken)
    job = world.backfill()
    assert (job.state, job.counts["changed"]) == (JobState.DONE, 0)
    assert world.cities() == ["BERN"]


def test_a_backfill_that_is_killed_within_a_page_is_done_by_the_next_worker(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is repeated changes nothing."""
    for number in range(5):
        world.hear(f"customer {number}", city="roma")
    world.make()
    commits = iter([True, True])
    commit = type(world.cloud.profiles).commit

    def killed(*args: Any) -> bool:
        if next(commits, None) is None:
            raise KeyboardInterrupt
        return commit(*args)

    with monkeypatch.context() as patch:
        patch.setattr(type(world.cloud.profiles), "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            world.backfill()
    world.clock.advance(121)
    world.work()
    assert world.cities() == ["ROMA"] * 5


def test_one_tenants_broken_transform_holds_up_no_other(world: World) -> None:
    """It can only come of a rollback to older code; its own events wait, and are not lost."""
    world.make()
    table = world.cloud.config.table
    key = {"pk": f"tenant#{TENANT}", "sk": "transform#trf_1"}
    item = table.get(key)
    assert item is not None
    table.client.put_item(TableName=table.name, Item={**item, "settings": {"S": '{"new": 1}'}})
    known = KnownTransforms(config=world.cloud.config, clock=world.clock)
    people = People(
        profiles=world.cloud.profiles, rules=world.cloud.people().rules, derive=known.overlay
    )
    theirs = an_event(topic="profile.updated", profile=ProfileRef(external_id="a"))
    ours = an_event(tenant="globex", topic="profile.updated", profile=ProfileRef(external_id="a"))
    project = ProjectProfiles(people=people, timelines=world.cloud.timelines)
    problem, done = project([theirs, ours])
    assert getattr(problem, "code", None) == "stored_transform_broken"
    assert done is None
