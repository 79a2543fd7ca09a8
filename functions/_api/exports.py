"""/v1/profiles/export: people into a file."""

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Audited, Request, endpoint
from functions._api.jobs import JobOut
from runtime.core.exports.profile_export import COLUMNS, MAX_COLUMNS, ExportSpec
from runtime.core.jobs.files import FileFormat
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import BadInput
from runtime.wiring.api import Api


class ExportIn(Request):
    """Which people to write to a file, and how."""

    format: fields.FileFormat
    filter: fields.Filter | None = Field(
        default=None,
        description="an EventBridge pattern over each person as JSONL has it: `id`, names,"
        " `properties`, `consent`; everybody without one",
    )
    columns: list[str] = Field(
        default=list(COLUMNS),
        description="of a CSV: places in that document, also `properties.<name>` and"
        " `names.<kind>`",
        json_schema_extra={"minItems": 1, "maxItems": MAX_COLUMNS},
    )


@endpoint(
    "POST",
    "/v1/profiles/export",
    scope="profiles:read",
    status=202,
    audited=Audited(action="job.created", id=("id",)),
)
def create(api: Api, caller: ApiKey, *, body: ExportIn) -> JobOut:
    """Write people to a CSV or JSONL file, as a job; `/v1/jobs/{job_id}/download` fetches it."""
    try:
        file_format = FileFormat(body.format)
    except ValueError as problem:
        raise BadInput("must be csv or jsonl", field="format", code="bad_format") from problem
    spec = ExportSpec(format=file_format, filter=body.filter, columns=tuple(body.columns))
    return JobOut.model_validate(api.jobs.create_export(caller.tenant, spec))


ENDPOINTS = (create,)
