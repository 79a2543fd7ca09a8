"""What a page makes of a job."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import MAX_FAULTS, Fault, JobState
from runtime.errors import BadInput
from tests.builders import NOW, NOW_MS, a_job

PAGES = st.lists(
    st.dictionaries(st.sampled_from(["changed", "same", "refused"]), st.integers(0, 9)), max_size=9
)


@given(PAGES)
def test_counts_add_up_whatever_the_pages_have(pages: list[dict[str, int]]) -> None:
    """Also a count that only some pages have."""
    job = a_job()
    for page in pages:
        done = sum(page.values())
        job = jobs.advanced(job, done=done, counts=page, cursor="on", now=NOW)

    assert sum(job.counts.values()) == job.done == sum(sum(page.values()) for page in pages)
    assert job.is_running


def test_a_job_keeps_its_first_faults_only() -> None:
    """Its record stays small, however bad the file is."""
    faults = tuple(Fault(line=n, code="x", message="x") for n in range(1, 31))
    job = jobs.advanced(
        a_job(), done=30, counts={"refused": 30}, faults=faults, cursor="30", now=NOW
    )
    job = jobs.advanced(job, done=1, counts={}, faults=faults, cursor=None, now=NOW)

    assert faults[:MAX_FAULTS] == job.faults
    assert (JobState.DONE, NOW, None) == (job.state, job.finished_at, job.due_at_ms)


def test_a_job_that_cannot_go_on_says_why_and_keeps_what_it_has_done() -> None:
    """Nothing is taken back, and nobody takes it up again."""
    job = a_job(done=5, counts={"changed": 5}, cursor="5")

    after = jobs.failed(job, BadInput("not UTF-8", code="bad_encoding"), now=NOW)

    assert after.reason is not None
    assert ("bad_encoding", "not UTF-8") == (after.reason.code, after.reason.message)
    assert (5, {"changed": 5}) == (after.done, after.counts)
    assert not after.is_running
    assert after.has_ended


def test_the_etag_changes_with_what_callers_see_and_not_with_the_lease() -> None:
    """Else a caller that cancels what it has read would lose every race against the worker."""
    job = a_job()

    assert job.etag == replace(job, due_at_ms=NOW_MS + 1, revision=4, cursor="7").etag
    assert job.etag != replace(job, done=1).etag
