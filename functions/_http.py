"""Reads requests into typed values; writes answers and errors as JSON.

Errors are RFC 9457 problem details with a stable `code`; see docs/reference/api.md. The tables
below say which HTTP status an error has.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from functions._misfits import REQUEST, BadRequest, misfits
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
    QuotaExceeded,
    Rejected,
    SourceRefused,
    TooManyCalls,
    Transient,
    TryLater,
)

M = TypeVar("M", bound=BaseModel)

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
# Lambda takes 6 MiB of request, in which a body may stand as base64 with the headers around it.
MAX_BODY_BYTES: Final = 4 * 1024 * 1024
RETRY_AFTER_S: Final = 2  # a throttled table recovers within seconds
# 400 is for a request that cannot be read. One that was read and has a value that does not fit is
# answered with 422, whatever the value is.
_STATUS_BY_CODE: Final = {
    "bad_condition": 400,
    "bad_cursor": 400,
    "bad_idempotency_key": 400,
    "bad_path": 400,
    "missing_body": 400,
    "not_json": 400,
    "missing_key": 401,
    "unknown_key": 401,
    "key_expired": 401,
    "method_not_allowed": 405,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "idempotency_key_reused": 422,
}
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([^\s;"']*)""")
_CHARSETS: Final = ("utf-8", "utf8", "us-ascii")  # the last is part of the first
# Subclasses before their parents: the first match counts.
_STATUS_BY_TYPE: Final[Sequence[tuple[type[PenstockError], int]]] = (
    (BadInput, 422),
    (NotFound, 404),
    (PreconditionFailed, 412),
    (Conflict, 409),
    (Forbidden, 403),
    (TooManyCalls, 429),
    (QuotaExceeded, 429),
    (Transient, 503),
)


class MethodNotAllowed(BadInput):
    """The path exists, but not with this method.

    Attributes:
        allow: the methods that this path has, as the header `Allow` lists them.
    """

    code = "method_not_allowed"

    def __init__(self, method: str, *, allow: tuple[str, ...]) -> None:
        super().__init__(f"this path has no {method[:20]}; it has {', '.join(allow)}")
        self.allow = allow


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


def header(event: Mapping[str, Any], name: str) -> str | None:
    """A header of the request by its lower-case name; None when it has none of that name."""
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name), None)


def body_bytes(event: Mapping[str, Any]) -> bytes:
    """The request's body as sent.

    Raises:
        BadInput: code `body_too_large`; or `not_json`: the request says that it is base64, and it
            is not.
    """
    text: str = event.get("body") or ""
    try:
        body = (
            base64.b64decode(text, validate=True)
            if event.get("isBase64Encoded")
            else text.encode(errors="surrogatepass")
        )
    except ValueError as problem:
        raise BadInput("the body is not base64", code="not_json") from problem
    if len(body) > MAX_BODY_BYTES:
        raise BadInput(
            f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are allowed: send several"
            " requests",
            code="body_too_large",
        )
    return body


def check_body_type(event: Mapping[str, Any]) -> None:
    """Refuse a body that says that it is something else than JSON in UTF-8.

    A body that says nothing is taken for JSON.

    Raises:
        BadInput: code `unsupported_media_type`.
    """
    coding = (header(event, "content-encoding") or "identity").strip().lower()
    if coding != "identity":
        raise BadInput(
            f"a body in {coding[:80]!r} is not read; send it as it is, without a content-encoding",
            code="unsupported_media_type",
        )
    stated = (header(event, "content-type") or JSON).lower()
    kind, _, parameters = stated.partition(";")
    charset = _CHARSET.search(parameters)
    if kind.strip() != JSON or (charset is not None and charset[1] not in _CHARSETS):
        raise BadInput(
            f"a body of type {stated[:80]!r} is not read; send JSON in UTF-8 with the header"
            f" content-type: {JSON}",
            code="unsupported_media_type",
        )


def parse(model: type[M], raw: object) -> M:
    """`raw` as a `model`.

    Raises:
        BadRequest: naming every field that does not fit.
    """
    try:
        return model.model_validate(raw, context=REQUEST)
    except ValidationError as problem:
        raise BadRequest.of(problem, raw) from problem


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


def allowing(methods: tuple[str, ...]) -> Response:
    """The answer to OPTIONS: which methods the path has."""
    return Response(status_code=204, content_type=JSON, body="", headers=_allow(methods))


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
    members: dict[str, Any] = {}
    if isinstance(error, BadInput) and error.code not in _STATUS_BY_CODE:
        members["errors"] = [each.shown() for each in misfits(error)]
    if isinstance(error, SourceRefused):
        members["findings"] = list(error.findings)
    if isinstance(error, FunctionInUse):
        members["webhooks"] = list(error.webhooks)
    if isinstance(error, PreconditionFailed):
        members["etag"] = error.etag
    if isinstance(error, EventsRejected):  # in the shape that an answer with some accepted has
        members |= {"accepted": [], "rejected": [_rejected(each) for each in error.rejected]}
    return members


def _rejected(event: Rejected) -> dict[str, Any]:
    return {name: getattr(event, name) for name in ("index", "code", "message", "field")}


def _allow(methods: tuple[str, ...]) -> dict[str, str]:
    return {"allow": ", ".join(methods)}


def _problem_headers(error: PenstockError, request_id: str) -> dict[str, str]:
    status = status_of(error)
    headers = {"x-request-id": request_id}
    if isinstance(error, MethodNotAllowed):
        headers |= _allow(error.allow)
    if isinstance(error, PreconditionFailed):
        headers |= etag_header(error.etag)
    if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        headers["accept"] = JSON
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, TryLater):
        headers["retry-after"] = str(error.retry_after_s)
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(RETRY_AFTER_S)
    return headers
