"""Profiles from events, on real tables."""

from collections.abc import Sequence
from typing import Any

from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.change import Change
from runtime.core.profiles.identity import Draft
from runtime.core.profiles.names import Name, Named, NameRules
from runtime.core.profiles.profile import Profile
from runtime.races import Races
from runtime.usecases.profiles.project_profile import People, ProjectProfiles
from tests.builders import TENANT, a_profile, an_event
from tests.cloud import Cloud

LATER = "2026-11-21T00:00:00.000Z"
EARLIER = "2026-11-01T00:00:00.000Z"


def updated(number: int, **properties: object) -> Event:
    """A profile event of its own id."""
    return an_event(id=f"evt_{number}", topic="profile.updated", properties=properties)


def known(cloud: Cloud) -> Profile:
    """The one profile of these tests."""
    profile = cloud.profiles.find(TENANT, a_profile().id)
    assert profile is not None
    return profile


def projection(cloud: Cloud, people: People | None = None) -> ProjectProfiles:
    """The use case, in tenants that have set no rules if not said otherwise."""
    return ProjectProfiles(
        people=people or cloud.people(),
        timelines=cloud.timelines,
        races=Races(dice=lambda: 0.0, pause=lambda _s: None),  # pauses take no time
    )


class TestProjection:
    """Events into profiles."""

    def test_a_batch_is_one_write_a_profile(self, cloud: Cloud) -> None:
        """Ten events of one customer cost one write."""
        project = projection(cloud)

        assert [None, None] == project([updated(1, a=1), updated(2, b=2)])

        assert ({"a": 1, "b": 2}, 1) == (known(cloud).properties, known(cloud).revision)

    def test_a_redelivered_event_writes_nothing(self, cloud: Cloud) -> None:
        """What is no news costs no write, and wakes no stream."""
        project = projection(cloud)
        project([updated(1, a=1)])
        project([updated(1, a=1), an_event(id="evt_2", occurred_at=LATER)])

        assert 1 == known(cloud).revision

    def test_another_message_to_a_known_address_writes_nothing(self, cloud: Cloud) -> None:
        """Most events are about people of whom they tell nothing new."""
        project = projection(cloud)
        project([an_event(id="evt_1")])
        project([an_event(id="evt_2", occurred_at=LATER)])

        assert 1 == known(cloud).revision

    def test_an_event_about_nobody_is_done(self, cloud: Cloud) -> None:
        """System events have no profile."""
        project = projection(cloud)

        assert [None] == project([an_event(profile=ProfileRef())])

    def test_one_refused_event_does_not_take_its_neighbours_along(self, cloud: Cloud) -> None:
        """The large one is named; the others are in the profile."""
        huge = updated(2, big="x" * profiles.MAX_PROFILE_BYTES)

        results = projection(cloud)([updated(1, a=1), huge, updated(3, b=2)])

        codes = [getattr(result, "code", None) for result in results]
        assert [None, "profile_too_large", None] == codes
        assert {"a": 1, "b": 2} == known(cloud).properties

    def test_a_lost_race_is_run_again(self, cloud: Cloud) -> None:
        """Another worker stored the same profile between our read and our write."""

        class Late:
            raced = False

            def rules(self, tenant: str) -> NameRules:
                return cloud.people().rules(tenant)

            def draft(
                self, tenant: str, events: Sequence[tuple[Event, Named]], *, again: bool = False
            ) -> Draft:
                return cloud.people().draft(tenant, events, again=again)

            def commit(self, change: Change) -> bool:
                if not self.raced:
                    self.raced = True
                    projection(cloud)([updated(1, a=1)])
                return cloud.people().commit(change)

        assert [None] == projection(cloud, Late())([updated(2, b=2)])

        assert ({"a": 1, "b": 2}, 2) == (known(cloud).properties, known(cloud).revision)


def about(event_id: str, **names: Any) -> Event:
    """A profile event that gives these names, and a property of its own."""
    return an_event(
        id=event_id,
        topic="profile.updated",
        profile=ProfileRef(**names),
        properties={event_id: True},
    )


class TestOnePersonOneProfile:
    """Names lead to profiles, and what one event names together is one person."""

    def test_an_event_with_two_names_joins_them(self, cloud: Cloud) -> None:
        """Who is known by his address is found again by the customer's own id."""
        project = projection(cloud)
        project([about("e1", email="ada@example.com")])
        project([about("e2", email="ada@example.com", external_id="c-1")])
        project([about("e3", external_id="c-1")])

        profile = cloud.profiles.find(
            TENANT, profiles.id_of(about("", email="ada@example.com")) or ""
        )
        assert profile is not None
        assert {"e1": True, "e2": True, "e3": True} == profile.properties
        assert ("c-1", "ada@example.com") == (profile.external_id, profile.email)

    def test_two_profiles_that_turn_out_to_be_one_are_merged(self, cloud: Cloud) -> None:
        """The older id survives; the other leads to it."""
        project = projection(cloud)
        young, old = about("e1", email="ada@example.com"), about("e2", external_id="c-1")
        project([young])
        project(
            [an_event(id="e0", occurred_at=EARLIER, profile=old.profile, topic="profile.updated")]
        )
        project([about("e3", external_id="c-1", email="ada@example.com")])

        survivor = cloud.profiles.find(TENANT, profiles.id_of(old) or "")
        assert survivor is not None
        assert survivor == cloud.profiles.find(TENANT, profiles.id_of(young) or "")
        assert (profiles.id_of(old), (profiles.id_of(young),)) == (survivor.id, survivor.merged_ids)
        assert {"e1", "e3"} <= set(survivor.properties)

    def test_a_batch_about_one_person_is_one_write(self, cloud: Cloud) -> None:
        """Even where its events join names that nobody knew."""
        project = projection(cloud)
        project(
            [
                about("e1", email="ada@example.com"),
                about("e2", email="ada@example.com", external_id="c-1"),
                about("e3", external_id="c-1"),
            ]
        )

        (profile,) = cloud.people().by_names(TENANT, [Name("external_id", "c-1")]).values()
        assert isinstance(profile, Profile)
        assert (1, {"e1": True, "e2": True, "e3": True}) == (profile.revision, profile.properties)

    def test_a_merge_that_breaks_a_rule_is_not_made(self, cloud: Cloud) -> None:
        """Two customers who share a phone stay two, and the event is the stronger name's."""
        rules = NameRules(max_values={"external_id": 1})
        project = projection(cloud, cloud.people(rules))
        project([about("e1", external_id="c-1", email="desk@example.com")])
        project([about("e2", external_id="c-2")])

        assert [None] == project([about("e3", external_id="c-2", email="desk@example.com")])

        people = cloud.people(rules).by_names(
            TENANT,
            [
                Name("external_id", "c-1"),
                Name("external_id", "c-2"),
                Name("email", "desk@example.com"),
            ],
        )
        one, two = people[Name("external_id", "c-1")], people[Name("external_id", "c-2")]
        assert isinstance(one, Profile)
        assert isinstance(two, Profile)
        assert one == people[Name("email", "desk@example.com")]
        assert {"e2": True, "e3": True} == two.properties
