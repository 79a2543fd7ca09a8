"""The OpenAPI document. It is made from the endpoints themselves, so it cannot differ from them."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from functions._api import fields
from functions._api.endpoint import Endpoint, path_model

_REF: Final = "#/components/schemas/{model}"
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem details; act on `code`, show `detail`.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "the request's id"},
        "etag": {"type": "string", "description": "the current one; only with 412"},
        "field": {"type": "string", "description": "dotted path of the offending field"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "findings": {"type": "array", "items": {"type": "object"}},
        "accepted": {
            "type": "array",
            "maxItems": 0,
            "description": "empty; only with the code `events_rejected`",
        },
        "rejected": {
            "type": "array",
            "items": {"type": "object"},
            "description": "only with `events_rejected`: each event by its `index`, and why",
        },
    },
}
_IDEMPOTENCY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": fields.IDEMPOTENCY_KEY,
    "description": "A repeat with the same key, body and API key gets the first answer; kept 24 h.",
}
_ETAG: Final = {"ETag": {"description": "of the thing as it stands", "schema": fields.ETAG}}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": fields.CONDITION,
    "description": "the ETags that you have read, or `*`; what has another one is not changed",
}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": fields.CONDITION,
    "description": "the ETags that you have; 304 without a body if it has one of them still",
}
Model = tuple[type[BaseModel], JsonSchemaMode]


def document(endpoints: Iterable[Endpoint], *, version: str) -> dict[str, Any]:
    """The whole API as OpenAPI 3.1."""
    every = tuple(endpoints)
    refs, schemas = models_json_schema(sorted(_models(every), key=str), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for each in every:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Penstock", "version": version},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
        },
    }


def _models(endpoints: Iterable[Endpoint]) -> set[Model]:
    models: set[Model] = set()
    for each in endpoints:
        models |= {(model, "validation") for model in (each.body, each.query) if model}
        models |= {(model, "serialization") for model in (each.answer,) if model}
    return models


def _operation(each: Endpoint, refs: Mapping[Any, Any]) -> dict[str, Any]:
    content = (
        {"content": _content("application/json", refs[each.answer, "serialization"])}
        if each.answer
        else {}
    )
    headers = {"headers": _ETAG} if each.has_etag else {}
    bad = _content("application/problem+json", {"$ref": _REF.format(model="Problem")})
    operation: dict[str, Any] = {
        "operationId": f"{each.call.__module__.rpartition('.')[2]}_{each.call.__name__}",
        "summary": each.summary,
        "description": f"Scope: `{each.scope}`." if each.scope else "Any key.",
        "parameters": _parameters(each),
        "responses": {
            **{
                str(status): {"description": HTTPStatus(status).phrase} | content | headers
                for status in _statuses(each)
            },
            **_conditional(each, bad),
            "default": {"description": "Refused"} | {"content": bad},
        },
    }
    if each.body:
        operation["requestBody"] = {
            "required": True,
            "content": _content("application/json", refs[each.body, "validation"]),
        }
    return operation


def _conditional(each: Endpoint, bad: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that a condition in the request leads to."""
    answers: dict[str, Any] = {}
    if each.takes_if_none_match:
        answers["304"] = {"description": HTTPStatus(304).phrase, "headers": _ETAG}
    if each.takes_if_match:
        failed = HTTPStatus(412).phrase
        answers["412"] = {"description": failed, "content": bad, "headers": _ETAG}
    return answers


def _statuses(each: Endpoint) -> tuple[int, ...]:
    """The statuses of HTTP that a call has that succeeds."""
    return (each.status,) if each.other_status is None else (each.status, each.other_status)


def _parameters(each: Endpoint) -> list[dict[str, Any]]:
    parameters = [*_named(path_model(each), "path")] if each.parameters else []
    parameters += _named(each.query, "query") if each.query else []
    parameters += [_IF_MATCH] if each.takes_if_match else []
    parameters += [_IF_NONE_MATCH] if each.takes_if_none_match else []
    return parameters + ([_IDEMPOTENCY] if each.method == "POST" else [])


def _named(model: type[BaseModel], place: str) -> Iterator[dict[str, Any]]:
    for name, schema in model.model_json_schema(ref_template=_REF)["properties"].items():
        yield {"name": name, "in": place, "required": place == "path", "schema": schema}


def _content(kind: str, schema: Any) -> dict[str, Any]:
    return {kind: {"schema": schema}}
