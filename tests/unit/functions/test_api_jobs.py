"""Jobs over the API: who sees them, and who may stop them."""

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
