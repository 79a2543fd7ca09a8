"""`penstock jobs`: what takes longer than a call, in a terminal."""

import pytest

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Fault, JobState
from runtime.errors import BadInput
from tests.builders import NOW, a_job
from tests.unit.cli.conftest import Command


def test_a_job_is_listed_shown_and_cancelled(penstock: Command) -> None:
    """With the lines of the file that it could not do."""
    job = a_job(tenant=penstock.api.tenant, faults=(Fault(line=7, code="bad_row", message="no"),))
    penstock.api.cloud.jobs.add(job)

    listed = penstock("jobs", "list").out.splitlines()[1].split()
    assert [job.id, "profile_export", "running"] == listed[:3]
    assert "line 7  bad_row  no" in penstock("jobs", "show", job.id).out.splitlines()
    assert "cancelled" == penstock("jobs", "cancel", job.id, "--json").json["state"]


def test_waiting_ends_as_the_job_does(penstock: Command) -> None:
    """A script goes on only when the job is done."""
    for at, state in enumerate((JobState.DONE, JobState.CANCELLED, JobState.FAILED)):
        job = a_job(id=f"job_{at}", tenant=penstock.api.tenant)
        after = (
            jobs.failed(job, BadInput("not UTF-8", code="bad_encoding"), now=NOW)
            if state is JobState.FAILED
            else jobs.ended(job, state, now=NOW)
        )
        penstock.api.cloud.jobs.add(after)

    done, cancelled, failed = (penstock("jobs", "wait", f"job_{at}") for at in range(3))

    assert [0, 1, 1] == [done.code, cancelled.code, failed.code]
    assert "somebody has cancelled the job" in cancelled.err
    assert "not UTF-8" in failed.err
    assert 1 == penstock("jobs", "wait", "job_none").code


@pytest.mark.parametrize("wanted", ["job_done", "job_failed"])
def test_a_job_that_has_ended_is_one_json_document(penstock: Command, wanted: str) -> None:
    """A program that reads it must not meet a second one behind the first."""
    ends = {
        "job_done": lambda job: jobs.ended(job, JobState.DONE, now=NOW),
        "job_failed": lambda job: jobs.failed(job, BadInput("no", code="bad_encoding"), now=NOW),
    }
    penstock.api.cloud.jobs.add(ends[wanted](a_job(id=wanted, tenant=penstock.api.tenant)))

    document = penstock("jobs", "wait", wanted, "--json").json

    job = document["error"]["job"] if wanted == "job_failed" else document
    assert wanted == job["id"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("none.csv", "--map", "a=email"), "unreadable"),
        ((".", "--map", "a=email"), "unreadable"),
        (("people.xls", "--map", "a=email"), "bad_format"),
        (("people.csv", "--map", "email"), "bad_mapping"),
        (("people.csv", "--map", "a=email", "--map", "a=phone"), "bad_mapping"),
    ],
)
def test_an_import_that_makes_no_sense_is_refused_before_a_call(
    penstock: Command, arguments: tuple[str, ...], code: str
) -> None:
    """With what to write instead."""
    penstock.write("people.csv", "a\n")
    penstock.write("people.xls", "a\n")
    refused = penstock("profiles", "import", *arguments, "--json")

    assert (2, code) == (refused.code, refused.json["error"]["code"])


def test_an_empty_file_and_a_wrong_target_are_refused_before_an_upload(penstock: Command) -> None:
    """By the API, which knows the rules."""
    empty, full = penstock.write("empty.csv", ""), penstock.write("full.csv", "a\nb\n")

    for arguments, code in (
        ((empty, "--map", "a=email"), "empty_file"),
        ((full, "--map", "a=mail"), "bad_mapping"),
    ):
        refused = penstock("profiles", "import", *arguments, "--json")
        assert (1, code) == (refused.code, refused.json["error"]["code"])
    assert [] == penstock("jobs", "list", "--json").json["data"]
