"""/v1/profiles/import: people from a file."""

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Audited, Request, endpoint
from functions._api.jobs import JobOut, SignedRequestOut
from runtime.core.imports.profile_import import DELIMITERS, MAX_FILE_BYTES, FileSpec
from runtime.core.jobs.files import FileFormat
from runtime.core.profiles.consent import CHANNELS
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import BadInput
from runtime.wiring.api import Api


class ImportIn(Request):
    """A file of people to import, and how to read it."""

    format: fields.FileFormat
    mapping: dict[str, str] = Field(
        description="column -> target: `external_id`, `email`, `phone`, `anonymous_id`,"
        " `names.<your own kind>`, `properties.<name>` (with `:number`, `:boolean` or `:json` for"
        " another type than text), `properties` (an object of properties) or"
        f" `consent.<channel>` ({', '.join(CHANNELS)}). A column is a name of the header"
        " or, without one, a number from 1; in JSONL it is a key of each object",
    )
    bytes: fields.Integer = Field(
        description=f"of the whole file; at most {MAX_FILE_BYTES}",
        json_schema_extra={"minimum": 1, "maximum": MAX_FILE_BYTES},
    )
    dry_run: bool = Field(default=False, description="only read and judge the rows")
    has_header: bool = Field(default=True, description="of a CSV: its first record has the names")
    delimiter: str = Field(
        default=",",
        description="of a CSV",
        json_schema_extra={"enum": list(DELIMITERS)},
    )


class NewImportOut(JobOut):
    """An import that waits for its file. Upload that, and start the job."""

    shown_once = "upload"
    upload: SignedRequestOut


@endpoint(
    "POST",
    "/v1/profiles/import",
    scope="profiles:write",
    status=201,
    audited=Audited(action="job.created", id=("id",)),
)
def create(api: Api, caller: ApiKey, *, body: ImportIn) -> NewImportOut:
    """Create an import of people from a CSV or JSONL file: a job that waits for its file."""
    spec = FileSpec(
        format=_format(body.format),
        mapping=body.mapping,
        bytes=body.bytes,
        dry_run=body.dry_run,
        has_header=body.has_header,
        delimiter=body.delimiter,
    )
    made = api.jobs.create_import(caller.tenant, spec)
    job = JobOut.model_validate(made.job).model_dump()
    upload = SignedRequestOut.model_validate(made.upload)
    return NewImportOut(**job, upload=upload)


def _format(word: str) -> FileFormat:
    try:
        return FileFormat(word)
    except ValueError as problem:
        raise BadInput("must be csv or jsonl", field="format", code="bad_format") from problem


ENDPOINTS = (create,)
