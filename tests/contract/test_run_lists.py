"""Runs are listed by function, by failure and by profile, and nothing scans the table for it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from runtime.core.functions.run import Outcome, Run
from runtime.core.functions.selection import RunSelection
from tests.builders import NOW_MS, TENANT, a_run, an_envelope
from tests.cloud import Cloud

OF_FUNCTION = RunSelection(function="vip-orders")


def at(second: int) -> str:
    """A time of the listings here."""
    return f"2026-11-20T13:04:{second:02}.000Z"


def stored(cloud: Cloud, number: int, **changes: Any) -> Run:
    """Store run number `number`, of that second."""
    run = a_run(id=f"run_{number}", created_at=at(number), **changes)
    cloud.runs.commit(run)
    return run


def pages(cloud: Cloud, selection: RunSelection, *, limit: int, **order: bool) -> Iterator[Any]:
    """The ids on each page of a listing, to its end."""
    after = None
    while True:
        page = cloud.runs.list(TENANT, selection, after=after, limit=limit, **order)
        yield [run.id for run in page.items]
        after = page.after
        if after is None:
            return


def listed(cloud: Cloud, **changes: Any) -> list[str]:
    """The ids of a listing of the function's."""
    return [
        each for page in pages(cloud, replace(OF_FUNCTION, **changes), limit=2) for each in page
    ]


def test_a_functions_runs_are_listed_newest_first(cloud: Cloud) -> None:
    """What a developer looks at first; or, for who works them off, the oldest first."""
    for number in range(3):
        stored(cloud, number)
    stored(cloud, 3, function="other")
    stored(cloud, 4, tenant="rival")

    newest = list(pages(cloud, OF_FUNCTION, limit=2))
    oldest = list(pages(cloud, OF_FUNCTION, limit=2, oldest_first=True))

    assert [["run_2", "run_1"], ["run_0"]] == newest
    assert [["run_0", "run_1"], ["run_2"]] == oldest


def test_a_listing_takes_only_what_is_asked_for(cloud: Cloud) -> None:
    """By outcome, version, topic, event and time, and by several of them at once."""
    stored(cloud, 0, version=1)
    stored(cloud, 1, version=2, outcome=Outcome.DROPPED)
    stored(cloud, 2, version=2, topic="metric.x", outcome=Outcome.RAISED)
    stored(cloud, 3, version=12, event_id="evt_9")

    assert ["run_2", "run_1"] == listed(cloud, version=2)
    assert ["run_1"] == listed(cloud, outcome=Outcome.DROPPED)
    assert ["run_3", "run_0"] == listed(cloud, outcome=Outcome.RETURNED)
    assert ["run_2"] == listed(cloud, topic="metric.x")
    assert ["run_3"] == listed(cloud, event_id="evt_9")
    assert ["run_2", "run_1"] == listed(cloud, since=at(1), until=at(2))
    assert [] == listed(cloud, since=at(2), until=at(1))  # which DynamoDB refuses as a BETWEEN
    assert ["run_1"] == listed(cloud, version=2, until=at(1))
    assert [] == listed(cloud, version=2, outcome=Outcome.RETURNED)


def test_the_failed_are_those_that_nothing_tries_again(cloud: Cloud) -> None:
    """A run with another attempt to come may still succeed."""
    every = [stored(cloud, number, outcome=outcome) for number, outcome in enumerate(Outcome)]
    stored(cloud, 20, outcome=Outcome.RETRY, due_at_ms=NOW_MS, event=an_envelope())

    failed = {run.id for run in every if run.outcome.failed}

    assert failed == set(listed(cloud, failed=True))
    assert ["run_20", *(run.id for run in every if run.outcome is Outcome.RETRY)] == listed(
        cloud, outcome=Outcome.RETRY
    )


def test_a_run_that_succeeds_at_last_is_no_failure_any_more(cloud: Cloud) -> None:
    """Its entry goes in the same write, so nobody runs it again for nothing."""
    failed = stored(cloud, 1, outcome=Outcome.RAISED)
    cloud.runs.commit(replace(failed, outcome=Outcome.RETURNED, attempt=2, created_at=at(9)))

    assert [] == listed(cloud, failed=True)
    assert ["run_1"] == listed(cloud)


def test_few_failures_are_found_among_many_runs(cloud: Cloud) -> None:
    """The list of failures holds nothing else: one request finds what a filter would look for."""
    failed = stored(cloud, 0, outcome=Outcome.TIMED_OUT)
    for number in range(1, 40):
        stored(cloud, number)

    page = cloud.runs.list(TENANT, replace(OF_FUNCTION, failed=True), limit=1)

    assert ((failed,), None) == (page.items, page.after)


def test_the_runs_about_a_profile_are_found_across_functions(cloud: Cloud) -> None:
    """Somebody asks what was done with one customer's events."""
    about = {"profile_id": "prf_1"}
    stored(cloud, 0, function="a", **about)
    stored(cloud, 1, function="b", outcome=Outcome.RAISED, **about)
    stored(cloud, 2, function="a", profile_id="prf_2")
    stored(cloud, 3, function="a", tenant="rival", **about)
    stored(cloud, 4, function="a", **about)
    stored(cloud, 5, function="a")

    of_profile = RunSelection(profile_id="prf_1")

    assert [["run_4", "run_1"], ["run_0"]] == list(pages(cloud, of_profile, limit=2))
    assert [["run_1"]] == list(pages(cloud, replace(of_profile, failed=True), limit=9))
    assert [["run_4", "run_0"]] == list(pages(cloud, replace(of_profile, function="a"), limit=9))
    assert [["run_4"]] == list(pages(cloud, replace(of_profile, since=at(2)), limit=9))


def test_a_position_is_where_the_listing_goes_on(cloud: Cloud) -> None:
    """Who joins several lists goes on in each of them after a run of any."""
    stored(cloud, 1)
    elsewhere = a_run(id="run_x", function="other", created_at=at(2))
    stored(cloud, 3)

    page = cloud.runs.list(TENANT, OF_FUNCTION, after=cloud.runs.position(elsewhere))

    assert ["run_1"] == [run.id for run in page.items]


def test_a_selection_without_function_and_profile_is_a_fault_of_ours(cloud: Cloud) -> None:
    """There is no list to read, and the table must not be scanned instead."""
    with pytest.raises(ValueError, match="by function or by profile"):
        cloud.runs.list(TENANT, RunSelection())
