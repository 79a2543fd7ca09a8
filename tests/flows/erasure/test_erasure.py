"""A person is erased from every store, whoever dies meanwhile, and stays erased."""

from contextlib import suppress
from dataclasses import replace

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.ids import Key
from runtime.core.jobs.job import JobState
from runtime.errors import NotFound
from tests.builders import TENANT
from tests.erasure_world import ADA, BOB, SECOND_LOOK_S, World
from tests.mortal import KilledError, Life, mortal_cloud


@pytest.fixture
def world(installation: World) -> World:
    """An installation in which two people have left traces."""
    return installation


def test_no_byte_of_an_erased_person_is_left_and_neighbours_keep_every_byte(world: World) -> None:
    """In names, properties, payloads, logs, large objects and rows, of all her profiles."""
    before = world.everything()
    places = {place.split()[0].rsplit("-", 1)[-1] for place in world.traces(ADA)}
    assert {"profiles", "names", "timeline", "events", "deliveries", "runs"} <= places
    for prefix in ("bodies/", "raw/", "lake/", "discard/"):
        assert any(place.startswith(prefix) for place in world.traces(ADA)), prefix

    job = world.erase(ADA)

    assert [] == world.traces(ADA)
    after = world.everything()
    of_bob = {at: text for at, text in before.items() if BOB.word in text}
    assert {at: text for at, text in of_bob.items() if not _is_in_file(at)}.items() <= after.items()
    in_files = {text for at, text in of_bob.items() if _is_in_file(at)}
    assert in_files <= set(after.values())
    assert {
        "merges": 2,
        "events": 4,
        "deliveries": 3,
        "runs": 2,
        "error_groups": 1,
        "redshift_schemas": 1,
        "redshift_events_rows": 4,
        "redshift_messages_rows": 4,
        "redshift_profiles_rows": 1,
        "redshift_profile_identities_rows": 3,
        "raw_log_files": 2,
        "raw_log_rows": 5,
        "discards_files": 1,
        "discards_rows": 1,
        "lake_files": 4,
        "lake_rows": 12,
    }.items() <= job.counts.items()
    assert job.counts["late_records"] == 0


def test_from_the_request_on_her_names_lead_to_nobody(world: World) -> None:
    """Before the job has done a page: so nothing that comes meanwhile makes her anew."""
    job = world.request(ADA)

    assert JobState.RUNNING is job.state
    profile = world.cloud.profiles.find(TENANT, job.params["profile_id"])
    assert profile is not None
    assert (True, (), {}) == (profile.deleted, profile.names, profile.properties)
    world.arrive(ADA.event("late"), ADA.event("site", ADA.device))
    assert {} == world.cloud.events.find_many(
        Key(TENANT, ADA.event(name).id) for name in ("late", "site")
    )
    assert not [place for place in world.traces(ADA) if place.split()[0].endswith("-profiles")]


def test_what_comes_later_or_again_leaves_no_trace(world: World) -> None:
    """Late events, replays of the bus, and new profiles under her names."""
    world.erase(ADA)

    world.arrive(ADA.event("late", topic="profile.updated"), ADA.event("3", ADA.both))
    world.arrive(ADA.event("by-id", ProfileRef(id=world.profile_of(ADA)), topic="profile.updated"))
    assert world.archive(ADA.event("late"), ADA.event("2", ADA.device)) is None

    assert [] == world.traces(ADA)
    dropped = [line["event_id"] for line in world.journal.lines]
    assert [ADA.event(name).id for name in ("late", "3", "by-id")] == dropped


def test_a_late_batch_of_the_raw_log_does_not_bring_her_rows_back(world: World) -> None:
    """It was archived before the request, and is loaded behind the erasure."""
    world.warehouse.archive(ADA.event("3", ADA.both), BOB.event("more"))

    world.erase(ADA)
    world.load()

    rows = world.everything()
    assert [] == [at for at in world.traces(ADA) if at.startswith(("events ", "profiles "))]
    assert f"events {BOB.event('more').id}" in rows


def test_an_event_that_was_in_flight_is_found_at_the_second_look(world: World) -> None:
    """A worker stores what it took in before it could know of the erasure."""
    world.request(ADA)
    world.clock.advance(SECOND_LOOK_S)
    world.work()
    assert [] != world.traces(ADA)  # the timeline, by which the events are found again
    late = ADA.event("3")
    world.cloud.events.put([replace(late, properties={"note": ADA.word})])

    for _ in range(2):
        world.clock.advance(SECOND_LOOK_S + 1)
        world.work()

    (job,) = world.cloud.jobs.list(TENANT).items
    assert (JobState.DONE, 1) == (job.state, job.counts["late_records"])
    assert [] == world.traces(ADA)


def test_an_event_that_was_kept_just_before_the_request_is_erased(world: World) -> None:
    """Whoever asks to be forgotten has often just done something, and it is not yet hers."""
    last = ADA.event("last", topic="metric.asked_to_be_forgotten")
    world.match(last)
    world.request(ADA)
    world.project(last)

    for _ in range(3):
        world.clock.advance(SECOND_LOOK_S + 1)
        world.work()

    assert world.cloud.events.find(TENANT, last.id) is None
    assert [] == world.traces(ADA)


def test_a_person_can_be_erased_once(world: World) -> None:
    """Nor is there anything to erase of somebody whom nobody knows."""
    job = world.erase(ADA)

    for profile_id in (job.params["profile_id"], "prf_nobody"):
        with pytest.raises(NotFound, match="no such profile"):
            world.request_by_id(profile_id)


@pytest.mark.parametrize("took_effect", [True, False], ids=["after", "before"])
def test_whoever_dies_leaves_the_rest_to_the_next(world: World, *, took_effect: bool) -> None:
    """Each worker dies one call later than the one before it, until one reaches the end."""
    world.request(ADA)
    lives = 0
    while world.cloud.jobs.list(TENANT).items[0].state is not JobState.DONE:
        lives += 1
        world.clock.advance(SECOND_LOOK_S + 1)
        with suppress(KilledError):
            world.work(mortal_cloud(world.cloud, Life(lives, took_effect=took_effect)))

    assert lives > 20
    assert [] == world.traces(ADA)


def _is_in_file(place: str) -> bool:
    """Whether it is a row of an object: those behind it move up when it is taken out."""
    return place.startswith(("raw/", "lake/", "discard/"))
