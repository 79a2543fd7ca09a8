"""What the tests of identity share: events that name people, and what is to become of them."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.ids import Key
from runtime.core.profiles import attributes, names
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.names import Name, Named, NameRules
from runtime.core.profiles.profile import Profile
from runtime.core.timeline.entry import EntryKind, Selection
from runtime.stores.profiles import items
from runtime.stores.profiles.people import People
from tests.builders import TENANT, an_event
from tests.cloud import Cloud

EVENTS: Final = 200
PEOPLE: Final = 25
VALUES: Final = 2  # of each kind that one of them has
RULES: Final = NameRules(max_values=dict.fromkeys(("external_id", "email", "phone"), 8))
TOPICS: Final = ("profile.created", "profile.updated", "profile.subscribed", "metric.placed_order")


def identity_events(dice: random.Random) -> list[Event]:
    """Events that name people by one, two or three of their names, and now and then two people."""
    return [_event(number, dice) for number in range(EVENTS)]


def _event(number: int, dice: random.Random) -> Event:
    person = dice.randrange(PEOPLE)
    kinds = dice.sample(("external_id", "email", "phone"), dice.choice((1, 1, 2, 2, 3)))
    # A stranger's name beside one's own: the two were one person all along.
    whose = {kind: person ^ 1 if dice.random() < 0.05 else person for kind in kinds}
    given = {kind: _value(kind, whose[kind], dice) for kind in kinds}
    reference = ProfileRef(**given)  # type: ignore[arg-type]
    return an_event(
        id=f"evt_{number}",
        topic=dice.choice(TOPICS),
        occurred_at=f"2026-11-20T00:{dice.randrange(60):02d}:00.000Z",
        profile=reference,
        properties={dice.choice("abc"): number},
    )


def _value(kind: str, person: int, dice: random.Random) -> str:
    number = person * VALUES + dice.randrange(VALUES)
    match kind:
        case "email":
            return f"person{number}@example.com"
        case "phone":
            return f"+49301234{number:04d}"
        case _:
            return f"c-{number}"


def named(events: Iterable[Event]) -> list[tuple[Event, Named]]:
    """The events with their names."""
    return [(event, names.of(event.profile, RULES)) for event in events]


def components(events: Sequence[tuple[Event, Named]]) -> list[set[Name]]:
    """The names that events join, directly or by way of others."""
    groups: list[set[Name]] = []
    for _, its in events:
        joined = set(its.names)
        apart = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                apart.append(group)
        groups = [*apart, joined]
    return groups


def expected(events: Sequence[tuple[Event, Named]]) -> dict[frozenset[Name], Profile]:
    """What is to be known of each person, by the person's names."""
    people = {}
    for group in components(events):
        profile = profiles.unknown(TENANT, "")
        for event, its in events:
            if group & set(its.names):
                profile = attributes.merge(profile, attributes.claims_of(event, "", its))
        people[frozenset(group)] = profile
    return people


def stored(cloud: Cloud) -> dict[str, Profile]:
    """Every profile in the table, redirects too, by id."""
    scanned = cloud.clients.dynamodb.scan(TableName=cloud.profiles.table.name)
    rows: list[Any] = list(scanned["Items"])
    return {profile.id: profile for profile in map(items.profile, rows)}


def check_integrity(people: People, everybody: Mapping[str, Profile]) -> None:
    """Names lead to who lists them, and redirects lead to somebody."""
    living = [each for each in everybody.values() if each.merged_into is None]
    held = [name for each in living for name in each.held_names]
    assert len(held) == len(set(held)), "a name leads to one profile"
    leads = people.by_names(TENANT, held, again=True)
    for profile in living:
        for name in profile.held_names:
            assert leads[name] == profile
    wanted = [Key(TENANT, each) for each in everybody]
    for key, end in people.profiles.find_many(wanted).items():
        assert end.merged_into is None
        assert key.id == end.id or key.id in end.merged_ids


def check_timelines(
    cloud: Cloud, events: Sequence[Event], everybody: Mapping[str, Profile]
) -> None:
    """Each event is in the timeline of the person that it is about, once, whoever merged."""
    living = [each for each in everybody.values() if each.merged_into is None]
    told = [event_id for profile in living for event_id in _told(cloud, profile)]
    assert sorted(told) == sorted(event.id for event in events)


def _told(cloud: Cloud, profile: Profile) -> list[str]:
    """The ids of the events in a person's timeline."""
    page = cloud.timelines.page(
        TENANT,
        (profile.id, *profile.merged_ids),
        Selection(kinds=frozenset({EntryKind.EVENT})),
        limit=2 * EVENTS,
    )
    assert page.after is None
    return [entry.id for entry in page.items]


def as_expected(profile: Profile) -> Profile:
    """The profile without what depends on the order of events: ids and revisions."""
    return replace(profile, id="", revision=0, merged_ids=())
