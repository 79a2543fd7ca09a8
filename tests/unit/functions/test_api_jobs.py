"""Jobs over the API: who sees them, and who may stop them; and imports, which are jobs."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from runtime.core.exports import profile_export as exports
from runtime.core.jobs.job import Fault, JobState
from tests.api_client import ApiClient
from tests.builders import a_job


def test_a_job_is_listed_shown_and_cancelled(api: ApiClient) -> None:
    """To its tenant only; and what only the worker knows is shown to nobody."""
    job = a_job(tenant=api.tenant, faults=(Fault(line=7, code="bad_row", message="no"),))
    api.cloud.jobs.add(job)
    path = f"/v1/jobs/{job.id}"

    shown = api.get(path).json
    assert [shown] == api.get("/v1/jobs").json["data"]
    assert "due_at_ms" not in shown
    assert [{"line": 7, "subject": None, "code": "bad_row", "message": "no"}] == shown["faults"]
    assert [] == api.newcomer().get("/v1/jobs").json["data"]

    cancelled = api.post(f"{path}/cancel", if_match=f'"{shown["etag"]}"')
    assert (200, "cancelled") == (cancelled.status, cancelled.json["state"])
    assert 412 == api.post(f"{path}/cancel", if_match=f'"{shown["etag"]}"').status
    assert JobState.CANCELLED is api.cloud.jobs.get(api.tenant, job.id).state
    [entry] = api.get("/v1/audit", action="job.cancelled", outcome="done").json["data"]
    assert {"state", "finished_at", "etag"} >= set(entry["changed"])


def test_reading_and_stopping_need_scopes_of_their_own(api: ApiClient) -> None:
    """Who may look may not stop."""
    job = a_job(tenant=api.tenant)
    api.cloud.jobs.add(job)
    reader = api.with_scopes("jobs:read")

    assert 200 == reader.get(f"/v1/jobs/{job.id}").status
    assert 403 == reader.post(f"/v1/jobs/{job.id}/cancel").status
    assert 403 == api.with_scopes("profiles:read").get("/v1/jobs").status


CSV = {"format": "csv", "mapping": {"E-Mail": "email"}, "bytes": 100}


def test_an_import_waits_for_its_file_and_says_where_to_put_it(api: ApiClient) -> None:
    """The signature covers the size and the encryption, so no other file is taken."""
    made = api.post("/v1/profiles/import", CSV).json
    query = parse_qs(urlsplit(made["upload"]["url"]).query)

    assert ("profile_import", "waiting", True) == (
        made["kind"],
        made["state"],
        made["params"]["has_header"],
    )
    assert ["content-length;host;x-amz-server-side-encryption"] == query["X-Amz-SignedHeaders"]
    assert ["3600"] == query["X-Amz-Expires"]
    assert {"content-length": "100", "x-amz-server-side-encryption": "AES256"} == (
        made["upload"]["headers"]
    )
    assert f"/imports/{api.tenant}/{made['id']}" in made["upload"]["url"]
    assert "file_missing" == api.post(f"/v1/jobs/{made['id']}/start").json["code"]


def test_the_url_of_an_upload_is_shown_once_and_kept_nowhere(api: ApiClient) -> None:
    """Who reads jobs or the audit log may not store files."""
    made = api.post("/v1/profiles/import", CSV).json

    assert "upload" not in api.get(f"/v1/jobs/{made['id']}").json
    [entry] = api.get("/v1/audit", action="job.created").json["data"]
    assert "X-Amz-Signature" not in api.get(f"/v1/audit/{entry['id']}").text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bytes": 1_000_000_000}, "file_too_large"),
        ({"bytes": 0}, "empty_file"),
        ({"format": "xlsx"}, "bad_format"),
        ({"mapping": {"E-Mail": "mail"}}, "bad_mapping"),
        ({"delimiter": "::"}, "bad_delimiter"),
    ],
)
def test_an_import_that_can_never_be_done_is_refused_at_once(
    api: ApiClient, change: dict[str, object], code: str
) -> None:
    """Nobody uploads a gigabyte to hear it then."""
    refused = api.post("/v1/profiles/import", {**CSV, **change})

    assert (422, code) == (refused.status, refused.json["code"])
    assert code != "file_too_large" or "256 MB" in refused.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": "xlsx"}, "bad_format"),
        ({"columns": ["mail"]}, "bad_columns"),
        ({"filter": {"properties": "pro"}}, "bad_filter"),
    ],
)
def test_an_export_that_can_never_be_done_is_refused_at_once(
    api: ApiClient, change: dict[str, object], code: str
) -> None:
    """And no job is made of it."""
    refused = api.post("/v1/profiles/export", {"format": "csv", **change})

    assert (422, code) == (refused.status, refused.json["code"])
    assert [] == api.get("/v1/jobs").json["data"]


def test_only_an_export_that_is_done_is_downloaded(api: ApiClient) -> None:
    """By who may look at profiles; looking at jobs does not give them away."""
    running = a_job(tenant=api.tenant)
    done = replace(running, id="job_done", state=JobState.DONE, due_at_ms=None)
    for job in (running, done):
        api.cloud.jobs.add(job)

    codes = [api.get(f"/v1/jobs/{job.id}/download").json["code"] for job in (running, done)]
    assert ["nothing_to_download", "file_expired"] == codes
    api.cloud.bucket.put(exports.file_key(done), b"id\n")
    assert "X-Amz-Signature" in api.get(f"/v1/jobs/{done.id}/download").json["url"]
    assert 403 == api.with_scopes("jobs:read").get(f"/v1/jobs/{done.id}/download").status
