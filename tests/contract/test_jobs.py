"""Jobs in the real store: written by one worker at a time, listed by age, found while they run."""

from dataclasses import replace

import pytest

from runtime.core.ids import derive
from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Fault, Job, JobState, Reason
from runtime.errors import NotFound
from tests.builders import NOW, NOW_MS, TENANT, a_job
from tests.cloud import Cloud


def due(cloud: Cloud, *, now_ms: int = NOW_MS) -> list[Job]:
    """What the worker finds."""
    return list(cloud.jobs.due(now_ms=now_ms, limit=10))


def test_a_job_is_stored_as_it_is(cloud: Cloud) -> None:
    """A fresh one, and one that has everything."""
    fresh = a_job()
    full = a_job(
        id=jobs.job_id(NOW, derive("job", "2")),
        state=JobState.FAILED,
        params={"mapping": {"E-Mail": "email"}, "dry_run": True},
        done=3,
        total=9,
        counts={"changed": 2, "refused": 1},
        faults=(Fault(line=4, code="bad_email", message="has no @"),),
        result={"key": "exports/a.csv"},
        reason=Reason(code="too_large", message="1 GB"),
        cursor="12",
        finished_at=NOW,
        due_at_ms=None,
        revision=7,
    )
    for job in (fresh, full):
        cloud.jobs.add(job)
        assert job == cloud.jobs.get(TENANT, job.id)


def test_of_two_writers_of_a_job_one_wins(cloud: Cloud) -> None:
    """Else a page would be counted twice, or a cancelled job go on."""
    job = a_job()
    cloud.jobs.add(job)

    first = cloud.jobs.replace(job, replace(job, done=1))
    second = cloud.jobs.replace(job, replace(job, done=2))
    cloud.jobs.add(job)  # a repeat of the first write takes nothing back

    assert first == replace(job, done=1, revision=1)
    assert second is None
    assert first == cloud.jobs.get(TENANT, job.id)


def test_a_job_is_found_while_it_runs_and_is_due(cloud: Cloud) -> None:
    """One on lease is somebody else's, and one that has ended nobody's."""
    job = a_job()
    cloud.jobs.add(job)
    assert [job] == due(cloud)
    assert [] == due(cloud, now_ms=NOW_MS - 1)

    leased = cloud.jobs.replace(job, replace(job, due_at_ms=NOW_MS + 1000))
    assert leased is not None
    assert [] == due(cloud)
    assert [leased] == due(cloud, now_ms=NOW_MS + 1000)

    cloud.jobs.replace(leased, jobs.ended(leased, JobState.DONE, now=NOW))
    assert [] == due(cloud, now_ms=NOW_MS + 1000)


def test_a_tenants_jobs_are_listed_newest_first_page_by_page(cloud: Cloud) -> None:
    """And nobody else's."""
    times = [f"2026-11-20T13:0{minute}:00.000Z" for minute in range(5)]
    every = [a_job(id=jobs.job_id(at, derive("job", at)), created_at=at) for at in times]
    for job in every:
        cloud.jobs.add(job)
    cloud.jobs.add(a_job(tenant="globex"))

    first = cloud.jobs.list(TENANT, limit=3)
    second = cloud.jobs.list(TENANT, after=first.after, limit=3)

    assert every[::-1] == [*first.items, *second.items]
    assert second.after is None


def test_another_tenants_job_is_none(cloud: Cloud) -> None:
    """Its id gives nothing away."""
    job = a_job(tenant="globex")
    cloud.jobs.add(job)

    with pytest.raises(NotFound, match="no such job"):
        cloud.jobs.get(TENANT, job.id)
