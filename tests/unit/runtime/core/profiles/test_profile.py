"""Profiles merge the same whatever comes first, twice or late."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core import ids
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.profiles import attributes, names
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.attributes import Amendment
from runtime.core.profiles.names import Named, NameRules
from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput
from tests.builders import NOW, TENANT, an_event

LATER = "2026-11-21T00:00:00.000Z"
EARLIER = "2026-11-01T00:00:00.000Z"
VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["a", "é", ""]))


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Events about one profile, few enough ids, times and names to collide often."""
    return an_event(
        id=f"evt_{draw(st.integers(0, 5))}",
        occurred_at=f"2026-11-20T00:00:0{draw(st.integers(0, 3))}.000Z",
        topic=draw(
            st.sampled_from(
                [
                    "profile.created",
                    "profile.updated",
                    "profile.subscribed",
                    "profile.deleted",
                    "message.email.clicked",
                ]
            )
        ),
        profile=ProfileRef(
            id="prf_1",
            email=draw(st.sampled_from([None, "a@example.com", "b@example.com"])),
            phone=draw(st.sampled_from([None, "+14155550100", "+14155550101"])),
        ),
        properties=draw(st.dictionaries(st.sampled_from(["x", "y"]), VALUES)),
    )


def claims() -> st.SearchStrategy[Profile]:
    """What one event says, or several that were merged."""
    single = events().map(lambda event: attributes.claims_of(event, "prf_1", named(event)))
    return st.lists(single, min_size=1, max_size=4).map(fold)


def named(event: Event) -> Named:
    """The event's names, in a tenant that has set no rules."""
    return names.of(event.profile, NameRules())


def amend(before: Profile, *, now: str = NOW, unset: tuple[str, ...] = (), **put: Any) -> Profile:
    """The profile after a run's change."""
    amendment = Amendment(put=put, unset=unset)
    return attributes.amend(before, amendment, now=now, cause="run:run_1")


def fold(some: list[Profile]) -> Profile:
    """All of them merged into a profile nobody knew."""
    profile = profiles.unknown(TENANT, "prf_1")
    for claim in some:
        profile = attributes.merge(profile, claim)
    return profile


def project(*some: Event) -> Profile:
    """The profile after these events."""
    profile = profiles.unknown(TENANT, "prf_1")
    for event in some:
        profile = attributes.project(profile, event, named(event))
    return profile


class TestLaws:
    """What SQS may do to the order of events must not matter."""

    @given(claims(), claims())
    def test_merging_commutes(self, left: Profile, right: Profile) -> None:
        """Two events may arrive in either order."""
        assert attributes.merge(left, right) == attributes.merge(right, left)

    @given(claims(), claims(), claims())
    def test_merging_associates(self, one: Profile, two: Profile, three: Profile) -> None:
        """Events may be folded in batches of any size."""
        left = attributes.merge(attributes.merge(one, two), three)

        assert left == attributes.merge(one, attributes.merge(two, three))

    @given(claims())
    def test_merging_again_changes_nothing(self, claim: Profile) -> None:
        """A redelivered event is not news."""
        assert claim == attributes.merge(claim, claim)

    @given(st.lists(events(), max_size=6), st.randoms(use_true_random=False))
    def test_any_order_of_events_gives_one_profile(self, some: list[Event], dice: Any) -> None:
        """The whole law at once, as the projection uses it."""
        shuffled = [*some, *some[:2]]
        dice.shuffle(shuffled)

        assert project(*some) == project(*shuffled)

    @given(claims(), events())
    def test_to_look_at_the_news_alone_is_to_merge(self, before: Profile, event: Event) -> None:
        """A profile with thousands of attributes is not gone through for an event that has two."""
        said = attributes.claims_of(event, "prf_1", named(event))

        assert attributes.merge(before, said) == attributes.project(before, event, named(event))


class TestEvents:
    """What events say of profiles."""

    def test_the_later_value_wins_even_when_it_comes_first(self) -> None:
        """Queues reorder; the customer's last word counts."""
        late = an_event(id="b", topic="profile.updated", occurred_at=LATER, properties={"n": 2})
        early = an_event(id="a", topic="profile.updated", occurred_at=EARLIER, properties={"n": 1})

        assert {"n": 2} == project(late, early).properties

    def test_a_click_makes_a_profile_with_its_identifiers(self) -> None:
        """Whoever is heard of exists."""
        profile = project(an_event())

        assert ("customer-1", "ada@example.com") == (profile.external_id, profile.email)

    def test_a_click_does_not_correct_a_profile(self) -> None:
        """A message event knows an address it was sent to, not the customer's present one."""
        told = an_event(topic="profile.updated", profile=ProfileRef(email="new@example.com"))
        click = an_event(id="x", occurred_at=LATER, profile=ProfileRef(email="old@example.com"))

        assert "new@example.com" == project(told, click).email

    def test_a_deleted_profile_keeps_nothing(self) -> None:
        """Deletion is a promise to a person."""
        profile = project(
            an_event(topic="profile.created", occurred_at=EARLIER),
            an_event(id="d", topic="profile.deleted"),
        )

        assert (True, None, {}) == (profile.deleted, profile.email, profile.properties)

    def test_a_late_event_does_not_revive_a_deleted_profile(self) -> None:
        """An update from before the deletion may arrive after it."""
        profile = project(
            an_event(id="d", topic="profile.deleted"),
            an_event(topic="profile.updated", occurred_at=EARLIER),
            an_event(id="c", occurred_at=LATER),
        )

        assert (True, None) == (profile.deleted, profile.email)

    def test_a_profile_that_comes_back_is_alive(self) -> None:
        """A customer may sign up again."""
        profile = project(
            an_event(id="d", topic="profile.deleted"),
            an_event(topic="profile.created", occurred_at=LATER),
        )

        assert (False, "ada@example.com") == (profile.deleted, profile.email)

    def test_no_news_is_the_same_object(self) -> None:
        """Nothing new, nothing written: most events are about known people."""
        profile = project(an_event())

        assert attributes.project(profile, an_event(), named(an_event())) is profile

    def test_a_profile_that_outgrows_its_item_is_refused(self) -> None:
        """The store would refuse it later, for ever."""
        big = {"x": "a" * profiles.MAX_PROFILE_BYTES}

        with pytest.raises(BadInput) as refusal:
            project(an_event(topic="profile.updated", properties=big))

        assert "profile_too_large" == refusal.value.code

    @pytest.mark.parametrize(
        ("reference", "kind"),
        [
            (
                ProfileRef(external_id="1", email="a@b.c", phone="+14155550100"),
                ("external_id", "1"),
            ),
            (ProfileRef(email="a@b.c", phone="+14155550100"), ("email", "a@b.c")),
            (ProfileRef(phone="+14155550100"), ("phone", "+14155550100")),
        ],
    )
    def test_the_strongest_identifier_names_the_profile(
        self, reference: ProfileRef, kind: tuple[str, str]
    ) -> None:
        """All sides derive the same id without asking anybody."""
        event = an_event(profile=reference)

        assert ids.derive("prf", TENANT, *kind) == profiles.id_of(event)

    def test_an_event_about_nobody_has_no_profile(self) -> None:
        """System events are about no person."""
        assert profiles.id_of(an_event(profile=ProfileRef())) is None


class TestFunctions:
    """What functions change."""

    def test_a_functions_change_outranks_what_it_saw(self) -> None:
        """Even when the producer's clock runs ahead of ours."""
        seen = project(
            an_event(topic="profile.updated", occurred_at=LATER, properties={"orders": 1})
        )

        after = amend(seen, orders=2, now=NOW)

        assert {"orders": 2} == after.properties

    def test_a_later_change_outranks_the_first(self) -> None:
        """The revision orders the changes of one moment."""
        first = amend(project(an_event()), n=1, now=NOW)

        second = amend(profiles.stored(first), n=2, now=NOW)

        assert {"n": 2} == attributes.merge(second, first).properties

    def test_an_unset_property_stays_unset(self) -> None:
        """The stamp stays as a tombstone, so that the old event cannot bring the value back."""
        event = an_event(topic="profile.updated", properties={"vip": True})

        after = amend(project(event), unset=("vip",), now=LATER)

        assert {} == attributes.project(after, event, named(event)).properties

    def test_code_does_not_revive_a_deleted_profile(self) -> None:
        """A run may end after the deletion it could not know of."""
        gone = project(an_event(topic="profile.deleted"))

        assert amend(gone, vip=True, now=LATER) is gone

    def test_a_deletion_takes_what_code_has_set_since(self) -> None:
        """A deletion may arrive after a run that is younger than it."""
        seen = project(an_event(topic="profile.created", occurred_at=EARLIER))
        amended = amend(seen, vip=True, now=LATER)

        deletion = an_event(id="d", topic="profile.deleted")
        after = attributes.project(amended, deletion, named(deletion))

        assert (True, {}) == (after.deleted, after.properties)

    def test_a_handler_sees_no_bookkeeping(self) -> None:
        """Stamps and revisions are ours."""
        shown = replace(project(an_event()), id="prf_1").to_user()

        assert {"id", *profiles.IDENTIFIERS, "properties"} == set(shown)
