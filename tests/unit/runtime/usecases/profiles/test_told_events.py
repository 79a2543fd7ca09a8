"""Each event about a person is in that person's timeline, and so is what it could not do."""

from collections.abc import Iterable

from runtime.core.events.envelope import ProfileRef
from runtime.core.ids import Key
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.names import NameRules
from runtime.core.timeline.entry import Entry, EntryKind, Selection
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.ports import TimelineEntries
from runtime.usecases.profiles.project_profile import ProjectProfiles
from tests.builders import TENANT, an_event
from tests.cloud import Cloud

ALL = Selection()


def projection(
    cloud: Cloud, rules: NameRules | None = None, timelines: TimelineEntries | None = None
) -> ProjectProfiles:
    """The use case; pauses take no time."""
    return ProjectProfiles(
        people=cloud.people(rules),
        timelines=timelines or cloud.timelines,
        races=Races(dice=lambda: 0.0, pause=lambda _s: None),
    )


def timeline(cloud: Cloud, profile_id: str) -> tuple[Entry, ...]:
    """What happened to a profile, without those that were merged into it."""
    return cloud.timelines.page(TENANT, [profile_id], ALL).items


def test_an_event_is_in_the_timeline_of_its_person_once(cloud: Cloud) -> None:
    """Also one that changes nothing about the person, and one that comes again."""
    project, click = projection(cloud), an_event(id="click")
    for _ in range(2):
        project([click, an_event(id="open", topic="message.email.opened")])

    entries = timeline(cloud, profiles.id_of(click) or "")

    assert {("click", click.topic), ("open", "message.email.opened")} == {
        (entry.id, entry.topic) for entry in entries
    }
    assert {EntryKind.EVENT} == {entry.kind for entry in entries}


def test_an_event_about_nobody_is_in_no_timeline(cloud: Cloud) -> None:
    """System events have no profile."""
    projection(cloud)([an_event(profile=ProfileRef())])

    table = cloud.timelines.table.name
    assert [] == cloud.clients.dynamodb.scan(TableName=table)["Items"]


def test_a_merge_that_breaks_a_rule_is_told(cloud: Cloud) -> None:
    """Two customers share an address: both stay, and somebody can see why."""
    project = projection(cloud, NameRules(max_values={"external_id": 1}))
    desk = "desk@example.com"
    project([an_event(id="e1", profile=ProfileRef(external_id="c-1", email=desk))])
    project([an_event(id="e2", profile=ProfileRef(external_id="c-2"))])
    second = an_event(id="e3", profile=ProfileRef(external_id="c-2", email=desk))
    for _ in range(2):
        assert [None] == project([second])

    one, two = (
        profiles.id_by(TENANT, {"external_id": external_id}) or "" for external_id in ("c-1", "c-2")
    )
    (refusal,) = (each for each in timeline(cloud, two) if each.kind is EntryKind.REFUSAL)
    assert ("e3", "email", desk, "too_many_values", one) == (
        refusal.event_id,
        refusal.name_kind,
        refusal.name_value,
        refusal.rule,
        refusal.other_id,
    )
    assert {"e1"} == {entry.id for entry in timeline(cloud, one)}


def test_an_event_whose_entry_may_be_missing_comes_again(cloud: Cloud) -> None:
    """The profile has it already, and takes it as no news; nothing is lost, nothing doubled."""

    class Failing:
        def put(self, timeline: Iterable[Entry], /) -> None:
            raise Transient(f"{len(list(timeline))} entries", code="aws_unavailable")

    huge = an_event(
        id="huge", topic="profile.updated", properties={"x": "x" * profiles.MAX_PROFILE_BYTES}
    )
    event = an_event(id="e1", topic="profile.updated", properties={"a": 1})

    results = projection(cloud, timelines=Failing())([event, huge])

    assert ["aws_unavailable", "profile_too_large"] == [
        getattr(result, "code", None) for result in results
    ]
    assert [None] == projection(cloud)([event])
    profile_id = profiles.id_of(event) or ""
    assert ["e1"] == [entry.id for entry in timeline(cloud, profile_id)]
    key = Key(TENANT, profile_id)
    assert 1 == cloud.profiles.find_many([key])[key].revision
