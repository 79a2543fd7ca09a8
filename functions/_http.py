"""Reads requests into typed values; writes answers and errors as JSON.

Errors are RFC 9457 problem details with a stable `code`; see docs/reference/api.md. The tables
below say which HTTP status an error has.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from runtime.core import json_text
from runtime.errors import (
    BadInput,
    Conflict,
    EventsRejected,
    Forbidden,
    FunctionInUse,
    NotFound,
    PenstockError,
    PreconditionFailed,
    SourceRefused,
    TooManyCalls,
    Transient,
)

M = TypeVar("M", bound=BaseModel)

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2  # a throttled table recovers within seconds
_STATUS_BY_CODE: Final = {
    "missing_key": 401,
    "unknown_key": 401,
    "key_expired": 401,
    "method_not_allowed": 405,
    "idempotency_key_reused": 422,
}
# Subclasses before their parents: the first match counts.
_STATUS_BY_TYPE: Final[Sequence[tuple[type[PenstockError], int]]] = (
    (SourceRefused, 422),
    (BadInput, 400),
    (NotFound, 404),
    (PreconditionFailed, 412),
    (Conflict, 409),
    (Forbidden, 403),
    (TooManyCalls, 429),
    (Transient, 503),
)
# What pydantic calls an error, and what we promise to call it.
_CODES: Final = {"missing": "missing_field", "extra_forbidden": "unknown_field"}
_OTHER_CODE: Final = "bad_field"
MISFIT_CODES: Final = (*_CODES.values(), _OTHER_CODE)


class MethodNotAllowed(BadInput):
    """The path exists, but not with this method.

    Attributes:
        allow: the methods that this path has, as the header `Allow` lists them.
    """

    code = "method_not_allowed"

    def __init__(self, method: str, *, allow: tuple[str, ...]) -> None:
        super().__init__(f"this path has no {method}; it has {', '.join(allow)}")
        self.allow = allow


class BadRequest(BadInput):
    """The body or the query does not fit its model.

    Attributes:
        errors: every field that does not fit, in order, each with `field`, `code` and `message`.
    """

    def __init__(self, errors: list[dict[str, str]]) -> None:
        first = errors[0]
        super().__init__(first["message"], field=first["field"], code=first["code"])
        self.errors = errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP answer; `as_event` turns it into the form that a Function URL takes."""

    status_code: int
    content_type: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def as_event(response: Response, *, method: str) -> dict[str, Any]:
    """The answer as a Function URL takes it (payload format 2.0); one to HEAD has no body."""
    return {
        "statusCode": response.status_code,
        "headers": {"Content-Type": response.content_type, **response.headers},
        "body": "" if method == "HEAD" else response.body,
        "isBase64Encoded": False,
    }


def request_id(event: Mapping[str, Any]) -> str:
    """The id that the gateway gave the request; it stands in problems and in the log."""
    return str(event.get("requestContext", {}).get("requestId", ""))


def body_bytes(event: Mapping[str, Any]) -> bytes:
    """The request's body as sent.

    Raises:
        BadInput: code `not_json`: the request says that it is base64, and it is not.
    """
    text: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return text.encode(errors="surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as problem:
        raise BadInput("the body is not base64", code="not_json") from problem


def parse(model: type[M], raw: object) -> M:
    """`raw` as a `model`.

    Raises:
        BadRequest: naming every field that does not fit.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as problem:
        raise BadRequest(_findings(problem, raw)) from problem


def parse_json(model: type[M], body: bytes) -> M:
    """The JSON in `body` as a `model`.

    A model may have `json_rules`: arguments of `json_text.load` that let more JSON pass.

    Raises:
        BadInput: code `missing_body`: the body is empty; other codes: `json_text.load` refuses it.
        BadRequest: naming every field that does not fit.
    """
    if not body.strip():
        raise BadInput("is missing; send a JSON object, {} at least", code="missing_body")
    return parse(model, json_text.load(body, **getattr(model, "json_rules", {})))


def answer(body: object, *, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with this body as JSON; None makes it empty."""
    text = "" if body is None else json_text.dump(body)
    return Response(status_code=status, content_type=JSON, body=text, headers=headers or {})


def etag_header(etag: str) -> dict[str, str]:
    """The header that says which ETag the thing has."""
    return {"etag": f'"{etag}"'}


def not_modified(etag: str) -> Response:
    """The answer to a caller that has the thing already: nothing but its ETag."""
    return Response(status_code=304, content_type=JSON, body="", headers=etag_header(etag))


def status_of(error: PenstockError) -> int:
    """The HTTP status that an error is answered with; 500 when no table lists it."""
    if error.code in _STATUS_BY_CODE:
        return _STATUS_BY_CODE[error.code]
    return next((status for kind, status in _STATUS_BY_TYPE if isinstance(error, kind)), 500)


def problem(error: PenstockError, *, request_id: str) -> Response:
    """The answer to a request that failed, as a problem document."""
    status = status_of(error)
    document: dict[str, Any] = {
        "type": f"urn:penstock:problem:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": error.code,
        "detail": error.message,
        "instance": request_id,
    }
    if isinstance(error, BadInput) and error.field:
        document["field"] = error.field
    document |= _members(error)
    return Response(
        status_code=status,
        content_type=PROBLEM,
        body=json.dumps(document),
        headers=_problem_headers(error, request_id),
    )


def _members(error: PenstockError) -> dict[str, Any]:
    """The members that only problems of this kind have."""
    if isinstance(error, BadRequest):
        return {"errors": error.errors}
    if isinstance(error, SourceRefused):
        return {"findings": list(error.findings)}
    if isinstance(error, FunctionInUse):
        return {"webhooks": list(error.webhooks)}
    if isinstance(error, PreconditionFailed):
        return {"etag": error.etag}
    if isinstance(error, EventsRejected):  # in the shape that an answer with some accepted has
        return {"accepted": [], "rejected": list(error.rejected)}
    return {}


def _problem_headers(error: PenstockError, request_id: str) -> dict[str, str]:
    status = status_of(error)
    headers = {"x-request-id": request_id}
    if isinstance(error, MethodNotAllowed):
        headers["allow"] = ", ".join(error.allow)
    if isinstance(error, PreconditionFailed):
        headers |= etag_header(error.etag)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, TooManyCalls):
        headers["retry-after"] = str(error.retry_after_s)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(RETRY_AFTER_S)
    return headers


def _findings(problem: ValidationError, raw: object) -> list[dict[str, str]]:
    """What does not fit, in order. A field that may be of several kinds is named once."""
    findings: dict[tuple[str, str], list[str]] = {}
    for error in problem.errors():
        key = (_field(error["loc"], raw), _CODES.get(error["type"], _OTHER_CODE))
        findings.setdefault(key, []).append(str(error["msg"]))
    return [
        {"field": field, "code": code, "message": "; or: ".join(messages)}
        for (field, code), messages in findings.items()
    ]


def _field(place: Sequence[int | str], raw: object) -> str:
    """The path of a field as the caller knows it.

    Where a field may be of several kinds, Pydantic names the kind behind the field, inside of what
    has no insides.
    """
    path = ""
    for part in place:
        if not isinstance(raw, Mapping | list):
            break
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
        raw = _at(raw, part)
    return path.lstrip(".")


def _at(raw: Mapping[Any, Any] | list[Any], part: int | str) -> object:
    """The part; what is not there may be missing, or be a kind: then the whole stays."""
    if isinstance(raw, Mapping):
        return raw.get(part, raw)
    return raw[part] if isinstance(part, int) and part < len(raw) else raw
