"""What an erasure asks for, in which order it goes on, and what it leaves of each record."""

from dataclasses import replace

import pytest

from runtime.core.deliveries.delivery import Status
from runtime.core.erasure import blank, erasure
from runtime.core.erasure.erasure import Place, Stage
from runtime.core.functions.run import Outcome
from runtime.core.jobs.durable import SETTLE_MS
from runtime.core.profiles import profile as profiles
from tests.builders import (
    NOW,
    NOW_MS,
    TENANT,
    a_delivery,
    a_profile,
    a_run,
    an_attempt,
    an_envelope,
)


def test_a_job_goes_for_every_id_by_which_a_person_may_be_found() -> None:
    """An archived event goes by the id that its own names begin, whoever she is by now."""
    profile = a_profile(merged_ids=("prf_old",), kept_apart=("prf_parted",), email="a@example.com")

    job = erasure.requested(profile, now=NOW, unique="job_x")

    by_email = profiles.id_by(TENANT, {"email": "a@example.com"})
    assert {profile.id, "prf_old", by_email} <= set(erasure.profile_ids(job))
    assert "prf_parted" in erasure.ids_of_merges(job)
    assert "prf_parted" not in erasure.profile_ids(job)
    assert NOW_MS + SETTLE_MS == job.due_at_ms
    assert "a@example.com" not in str(job)


def test_ids_that_the_events_tell_are_added() -> None:
    """They were spelled in another way, so that the names tell nothing of them."""
    job = erasure.requested(a_profile(), now=NOW, unique="job_x")

    after = erasure.with_ids(job, ["prf_spelled"])

    assert {*erasure.profile_ids(job), "prf_spelled"} == set(erasure.profile_ids(after))
    assert after == erasure.with_ids(after, ["prf_spelled"])


def test_more_ids_than_a_record_can_hold_are_not_added() -> None:
    """The job goes on with those that it has, instead of ending at its own record."""
    job = erasure.requested(a_profile(), now=NOW, unique="job_x")

    assert job == erasure.with_ids(job, map(str, range(erasure.MAX_IDS)))


@pytest.mark.parametrize("stage", list(Stage))
def test_a_cursor_names_a_place(stage: Stage) -> None:
    """Positions may have blanks."""
    place = Place(stage=stage, position="0 2026#event#x y")
    assert place == Place.parse(str(place))


def test_the_timeline_goes_last_of_what_leads_to_others() -> None:
    """By it the events are found, at the second look too."""
    stages = [Place.parse(None).stage]
    while (following := stages[-1].following) is not None:
        stages.append(following)
    assert list(Stage) == stages
    assert stages.index(Stage.EVENTS_AGAIN) < stages.index(Stage.TIMELINE)


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (Status.PENDING, Status.SKIPPED),
        (Status.DELIVERED, Status.DELIVERED),
        (Status.DEAD, Status.DEAD),
    ],
)
def test_a_blank_delivery_says_how_it_ended_and_nothing_of_the_person(
    status: Status, after: Status
) -> None:
    """Counts of the past stay true; what waited is not sent."""
    delivery = a_delivery(
        status=status,
        body="Ada",
        body_at="bodies/x",
        due_at_ms=NOW_MS if status is Status.PENDING else None,
        attempts=(an_attempt(answer_excerpt="Ada"),),
    )

    empty = blank.delivery(delivery)

    assert (after, "erased", "", None, None) == (
        empty.status,
        empty.reason,
        empty.body,
        empty.body_at,
        empty.due_at_ms,
    )
    assert "Ada" not in str(empty)
    assert empty == blank.delivery(empty)


def test_a_blank_run_says_how_it_ended_and_nothing_of_the_person() -> None:
    """Another attempt that was due is not made."""
    run = a_run(
        outcome=Outcome.RAISED,
        output={"x": "Ada"},
        error={"type": "Ada", "message": "Ada", "traceback": "Ada"},
        logs=({"message": "Ada"},),
        effects=({"kind": "Ada"},),
        http_calls=({"path": "/Ada"},),
        event=an_envelope(properties={"x": "Ada"}),
        left_at="bodies/x",
        due_at_ms=NOW_MS,
    )

    empty = blank.run(run)

    assert "Ada" not in str(empty)
    assert (Outcome.RAISED, None, None) == (empty.outcome, empty.due_at_ms, empty.left_at)
    assert empty == blank.run(empty)


def test_a_tombstone_has_ids_and_nothing_else() -> None:
    """It passes for deleted wherever a profile is asked for."""
    profile = a_profile(properties={"x": "Ada"}, merged_ids=("prf_2",), derived={"y": "Ada"})

    tombstone = profiles.tombstone(profile, now=NOW)

    assert (True, NOW, ("prf_2",)) == (
        tombstone.deleted,
        tombstone.erased_at,
        tombstone.merged_ids,
    )
    assert profile.revision + 1 == tombstone.revision
    named = replace(tombstone, id="", tenant="", merged_ids=(), revision=0, updated_at="")
    assert profiles.unknown("", "") == replace(named, deleted=False, erased_at=None)
