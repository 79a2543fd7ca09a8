"""Profiles from events, on a real table."""

from collections.abc import Iterable

from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.ids import Key
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import Profile
from runtime.races import Races
from runtime.usecases.profiles.project_profile import Profiles, ProjectProfiles
from tests.builders import TENANT, a_profile, an_event
from tests.cloud import Cloud

LATER = "2026-11-21T00:00:00.000Z"


def updated(number: int, **properties: object) -> Event:
    """A profile event of its own id."""
    return an_event(id=f"evt_{number}", topic="profile.updated", properties=properties)


def known(cloud: Cloud) -> Profile:
    """The one profile of these tests."""
    profile = cloud.profiles.find(TENANT, a_profile().id)
    assert profile is not None
    return profile


def projection(store: Profiles) -> ProjectProfiles:
    """The use case; pauses take no time."""
    return ProjectProfiles(profiles=store, races=Races(dice=lambda: 0.0, pause=lambda _s: None))


class TestProjection:
    """Events into profiles."""

    def test_a_batch_is_one_write_a_profile(self, cloud: Cloud) -> None:
        """Ten events of one customer cost one write."""
        project = projection(cloud.profiles)

        assert [None, None] == project([updated(1, a=1), updated(2, b=2)])

        assert ({"a": 1, "b": 2}, 1) == (known(cloud).properties, known(cloud).revision)

    def test_a_redelivered_event_writes_nothing(self, cloud: Cloud) -> None:
        """What is no news costs no write, and wakes no stream."""
        project = projection(cloud.profiles)
        project([updated(1, a=1)])
        project([updated(1, a=1), an_event(id="evt_2", occurred_at=LATER)])

        assert 1 == known(cloud).revision

    def test_an_event_about_nobody_is_done(self, cloud: Cloud) -> None:
        """System events have no profile."""
        project = projection(cloud.profiles)

        assert [None] == project([an_event(profile=ProfileRef())])

    def test_one_refused_event_does_not_take_its_neighbours_along(self, cloud: Cloud) -> None:
        """The large one is named; the others are in the profile."""
        huge = updated(2, big="x" * profiles.MAX_PROFILE_BYTES)

        results = projection(cloud.profiles)([updated(1, a=1), huge, updated(3, b=2)])

        codes = [getattr(result, "code", None) for result in results]
        assert [None, "profile_too_large", None] == codes
        assert {"a": 1, "b": 2} == known(cloud).properties

    def test_a_lost_race_is_run_again(self, cloud: Cloud) -> None:
        """Another worker stored the same profile between our read and our write."""

        class Late:
            raced = False

            def find_many(self, wanted: Iterable[Key]) -> dict[Key, Profile]:
                return cloud.profiles.find_many(wanted)

            def replace(self, profile: Profile, *, read_revision: int) -> bool:
                if not self.raced:
                    self.raced = True
                    projection(cloud.profiles)([updated(1, a=1)])
                return cloud.profiles.replace(profile, read_revision=read_revision)

        assert [None] == projection(Late())([updated(2, b=2)])

        assert ({"a": 1, "b": 2}, 2) == (known(cloud).properties, known(cloud).revision)
