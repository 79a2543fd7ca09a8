"""The function `jobs`, as Lambda calls it: on schedule, and for one job."""

from collections.abc import Iterator

import pytest

from functions import jobs
from runtime.core.exports import profile_export as exports
from runtime.core.ids import derive
from runtime.core.imports import profile_import as imports
from runtime.core.jobs.files import FileFormat
from runtime.core.jobs.job import Job, JobKind, JobState, job_id
from tests.builders import TENANT, a_job, a_profile
from tests.cloud import Cloud


@pytest.fixture
def installed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The environment of the function, on an account of its own."""
    names = {
        "CONFIG_TABLE": cloud.config.table.name,
        "JOBS_TABLE": cloud.jobs.table.name,
        "EVENTS_TABLE": cloud.events.table.name,
        "RUNS_TABLE": cloud.runs.table.name,
        "DELIVERIES_TABLE": cloud.deliveries.table.name,
        "DELIVERY_LOG_TABLE": cloud.deliveries.log.table.name,
        "LEDGER_TABLE": cloud.table("ledger", sort="sk").name,
        "SYNC_QUEUE_URL": cloud.queue_url("sync"),
        "ERASURE_SECOND_LOOK_S": "300",
        "PROFILES_TABLE": cloud.profiles.table.name,
        "NAMES_TABLE": cloud.profiles.names.table.name,
        "TIMELINE_TABLE": cloud.timelines.table.name,
        "BUCKET": cloud.bucket.name,
        "BUS": cloud.bus.name,
    }
    for name, value in names.items():
        monkeypatch.setenv(f"PENSTOCK_{name}", value)
    for cached in (jobs.worker, jobs.compact, jobs.count_usage):
        cached.cache_clear()
    yield cloud
    for cached in (jobs.worker, jobs.compact, jobs.count_usage):
        cached.cache_clear()


def an_export() -> Job:
    """An export of everybody."""
    spec = exports.ExportSpec(format=FileFormat.JSONL)
    return a_job(params=spec.to_params())


@pytest.mark.usefixtures("installed")
def test_the_daily_call_compacts_the_lake_counts_usage_and_works_off_nothing() -> None:
    """Here there is no lake yet, and nothing was used on the last days."""
    nothing = {"files_before": 0, "files_after": 0, "syncs_left": 0, "usage_days": 3}

    assert nothing == jobs.handler({"compact_before": None}, None)


def test_the_schedules_call_works_off_what_is_due(installed: Cloud) -> None:
    """An import and an export at the same time, each to its end."""
    data = b"id,city\nc1,Rome\nc2,Oslo\n"
    spec = imports.FileSpec(
        format=FileFormat.CSV,
        mapping={"id": "external_id", "city": "properties.city"},
        bytes=len(data),
    )
    job = an_export()
    other = a_job(
        id=job_id(job.created_at, derive("job", "2")),
        kind=JobKind.PROFILE_IMPORT,
        params=spec.to_params(),
        counts={},
    )
    installed.bucket.put(imports.file_key(other), data)
    for each in (job, other):
        installed.jobs.add(each)

    assert jobs.handler({}, None)["worked"] >= 2
    assert {"worked": 0} == jobs.handler({}, None)

    ended = [installed.jobs.get(TENANT, each.id) for each in (job, other)]
    assert [JobState.DONE] * 2 == [each.state for each in ended]
    assert {"taken": 2, "refused": 0, "bytes": len(data)} == ended[1].counts


def test_the_call_for_one_job_works_on_that_one(installed: Cloud) -> None:
    """Right after it was made, when the index of due jobs may not have it yet."""
    installed.keep(a_profile())
    job = an_export()
    installed.jobs.add(job)
    request = {"tenant": TENANT, "job_id": job.id}

    assert [{"worked": 1}, {"worked": 0}] == [jobs.handler(request, None) for _ in range(2)]

    assert {"written": 1} == installed.jobs.get(TENANT, job.id).counts
    assert {"worked": 0} == jobs.handler({"tenant": "globex", "job_id": job.id}, None)
