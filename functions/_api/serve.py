"""Serves a request: finds the caller, counts the call, checks the scope, calls the endpoint."""

import time
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from functions import _http
from functions._api import audited
from functions._api.endpoint import Answer, Endpoint, path_model
from functions._telemetry import journal, logger
from runtime.core import preconditions
from runtime.core.tenancy.api_key import ApiKey, require, require_reach
from runtime.errors import PenstockError
from runtime.usecases.overtaken import look_again
from runtime.usecases.tenancy.answer_once import Answered, Ask
from runtime.wiring.api import Api


def serve(
    each: Endpoint, api: Api, event: Mapping[str, Any], *, path: Mapping[str, str]
) -> _http.Response:
    """The answer to a request; writes one log line about it.

    Every error becomes an answer, a defect of ours too.
    """
    request_id = _http.request_id(event)
    started_s = time.monotonic()
    tenant, code = "", "ok"
    try:
        caller = api.tenancy.authenticate(_http.header(event, "authorization"))
        tenant = caller.tenant
        api.tenancy.admit(caller)
        require(caller, each.scope)
        require_reach(
            caller, is_for_receivers=each.is_for_receivers, webhook_id=path.get("webhook_id")
        )
        response = _answer(each, api, event, caller=caller, path=path)
    except PenstockError as error:
        code = error.code
        response = _http.problem(error, request_id=request_id)
    except Exception:  # noqa: BLE001 - the outermost place: a defect is logged, and answered as a defect
        logger.exception("request.failed", request_id=request_id)
        code = PenstockError.code
        defect = PenstockError("something broke on our side; it has been recorded")
        response = _http.problem(defect, request_id=request_id)
    journal(
        {
            "message": "request.finished",
            "method": each.method,
            "path": each.path,
            "status": response.status_code,
            "code": code,
            "tenant": tenant,
            "request_id": request_id,
            "duration_ms": round(1000 * (time.monotonic() - started_s)),
        }
    )
    return response


def _answer(
    each: Endpoint,
    api: Api,
    event: Mapping[str, Any],
    *,
    caller: ApiKey,
    path: Mapping[str, str],
) -> _http.Response:
    body = _http.body_bytes(event)

    def do() -> Answered:
        parameters: dict[str, Any] = _http.parse(path_model(each), path).model_dump()
        if each.takes_if_match:
            parameters["if_match"] = preconditions.if_match(_http.header(event, "if-match"))
        if each.body:
            parameters["body"] = _body(each.body, body, event)
        if each.query:
            parameters["query"] = _http.parse(each.query, event.get("queryStringParameters") or {})
        result = audited.perform(
            each,
            api,
            caller,
            parameters,
            request_id=_http.request_id(event),
            call=lambda: _called(each, api, caller=caller, parameters=parameters),
        )
        return _answered(each, result)

    key = _http.header(event, "idempotency-key") if each.method == "POST" else None
    if key is None:
        answered = do()
        etag = _etag(answered)
        known = _http.header(event, "if-none-match") if each.takes_if_none_match else None
        if etag is not None and preconditions.is_known(known, etag):
            return _http.not_modified(etag)
        return _response(answered)
    ask = Ask(
        tenant=caller.tenant,
        caller=caller.sha256,
        key=key,
        path=str(event.get("rawPath", "")),
        body=body,
        condition=_http.header(event, "if-match"),
    )
    return _response(api.tenancy.answer_once(ask, do))


def _body(model: type[BaseModel], body: bytes, event: Mapping[str, Any]) -> BaseModel:
    if body:  # nothing has no type
        _http.check_body_type(event)
    return _http.parse_json(model, body)


def _called(
    each: Endpoint, api: Api, *, caller: ApiKey, parameters: Mapping[str, Any]
) -> BaseModel | None:
    condition = parameters.get("if_match", preconditions.ANY)
    answer: BaseModel | None = look_again(condition, lambda: each.call(api, caller, **parameters))
    return answer


def _etag(answered: Answered) -> str | None:
    return None if answered.body is None else answered.body.get("etag")


def _answered(each: Endpoint, result: BaseModel | None) -> Answered:
    if result is None:
        return Answered(status=each.status, body=None)
    hidden, status = None, each.status
    if isinstance(result, Answer):
        hidden, status = result.shown_once, result.answered_with or each.status
    body: dict[str, Any] = result.model_dump(mode="json", by_alias=True)
    once = {hidden: body.pop(hidden)} if hidden else None
    return Answered(status=status, body=body, once=once)


def _response(answer: Answered) -> _http.Response:
    headers = {"idempotent-replayed": "true"} if answer.repeated else {}
    etag = _etag(answer)
    if etag is not None:
        headers |= _http.etag_header(etag)
    body = None if answer.body is None else {**answer.body, **(answer.once or {})}
    return _http.answer(body, status=answer.status, headers=headers)
