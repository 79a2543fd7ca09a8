"""The OpenAPI document. It is made from the endpoints themselves, so it cannot differ from them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from functions._api import fields
from functions._api.endpoint import Endpoint, path_model
from functions._api.refusals import refusals
from runtime.core.tenancy import scopes

_EXAMPLES: Final = Path(__file__).parent / "examples.json"  # `python -m tests.api_examples`
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
        "errors": {
            "type": "array",
            "minItems": 1,
            "description": "everything that does not fit; with 422",
            "items": {
                "type": "object",
                "required": ["pointer", "field", "code", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "pattern": "^(/([^/~]|~[01])*)*$",
                        "description": "RFC 6901; empty for the whole",
                    },
                    "field": {"type": "string", "description": "the same as people write it"},
                    "code": {"type": "string", "description": "stable"},
                    "message": {"type": "string"},
                },
            },
        },
        "webhooks": {
            "type": "array",
            "items": {"type": "string"},
            "description": "only with `function_in_use`: the ids of those that use it",
        },
        "findings": {"type": "array", "items": {"type": "object"}},
        "accepted": {
            "type": "array",
            "items": {"type": "object"},
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
# OpenAPI 3.1 lets an operation name what it asks of a key of any kind, not of OAuth alone.
_KEY: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "psk_…",
    "description": "An API key of one tenant. An operation names the scope that the key must have:"
    f" one of {', '.join(scopes.SCOPES)}. `{scopes.ADMIN}` has all of them.",
}
_ETAG: Final = {"ETag": {"description": "of the thing as it stands", "schema": fields.ETAG}}
_NOT_MODIFIED: Final = {"description": HTTPStatus.NOT_MODIFIED.phrase, "headers": _ETAG}
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
    named = {
        name: {key: _by_name(each) for key, each in schema.items()}
        for name, schema in fields.NAMED.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Penstock", "version": version},
        "paths": paths,
        "components": {
            "securitySchemes": {"key": _KEY},
            "schemas": {**_by_name(schemas.get("$defs", {})), **named, "Problem": _PROBLEM},
        },
    }


def _by_name(described: Any) -> Any:
    """The same with a reference in the place of each schema of `NAMED`."""
    if isinstance(described, list):
        return [_by_name(each) for each in described]
    if not isinstance(described, dict):
        return described
    if described.get("title") in fields.NAMED:
        return {"$ref": _REF.format(model=described["title"])}
    return {key: _by_name(each) for key, each in described.items()}


def _models(endpoints: Iterable[Endpoint]) -> set[Model]:
    models: set[Model] = set()
    for each in endpoints:
        models |= {(model, "validation") for model in (each.body, each.query) if model}
        models |= {(model, "serialization") for model in (each.answer,) if model}
    return models


def _operation(each: Endpoint, refs: Mapping[Any, Any]) -> dict[str, Any]:
    example = examples().get(f"{each.method} {each.path}", {})
    operation: dict[str, Any] = {
        "operationId": f"{each.call.__module__.rpartition('.')[2]}_{each.call.__name__}",
        "summary": each.summary,
        "tags": [each.path.split("/")[2]],  # after /v1/: generated clients sort operations by it
        "description": f"Scope: `{each.scope}`." if each.scope else "Any key.",
        "security": [{"key": [each.scope] if each.scope else []}],
        "parameters": _parameters(each, {**example.get("path", {}), **example.get("query", {})}),
        "responses": {
            **{
                str(status): _success(each, status, refs=refs, example=example)
                for status in _statuses(each)
            },
            **({"304": _NOT_MODIFIED} if each.takes_if_none_match else {}),
            **{str(status): _refusal(status, codes) for status, codes in refusals(each).items()},
        },
    }
    if each.body:
        operation["requestBody"] = {
            "required": True,
            "content": _content(
                "application/json",
                refs[each.body, "validation"],
                **({"example": example["body"]} if "body" in example else {}),
            ),
        }
    return operation


def _refusal(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "description": " · ".join(codes),
        # Not in the schema: generated clients would have a type of problem for each operation.
        "x-codes": list(codes),
        "content": _content("application/problem+json", {"$ref": _REF.format(model="Problem")}),
        **({"headers": _ETAG} if status == HTTPStatus.PRECONDITION_FAILED else {}),
    }


def _statuses(each: Endpoint) -> tuple[int, ...]:
    """The statuses of HTTP that a call has that succeeds."""
    return (each.status,) if each.other_status is None else (each.status, each.other_status)


def _success(
    each: Endpoint, status: int, *, refs: Mapping[Any, Any], example: Mapping[str, Any]
) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if each.answer:
        shown = {"example": example["answer"]} if example.get("status") == status else {}
        schema = refs[each.answer, "serialization"]
        described["content"] = _content("application/json", schema, **shown)
    if each.has_etag:
        described["headers"] = _ETAG
    return described


def _parameters(each: Endpoint, example: Mapping[str, Any]) -> list[dict[str, Any]]:
    parameters = [*_named(path_model(each), "path")] if each.parameters else []
    parameters += _named(each.query, "query") if each.query else []
    parameters += [_IF_MATCH] if each.takes_if_match else []
    parameters += [_IF_NONE_MATCH] if each.takes_if_none_match else []
    for one in parameters:
        if one["name"] in example:
            one["example"] = example[one["name"]]
    return parameters + ([_IDEMPOTENCY] if each.method == "POST" else [])


def examples() -> Mapping[str, Any]:
    # Read when the document is asked for: no other call waits for it.
    examples: Mapping[str, Any] = json.loads(_EXAMPLES.read_text(encoding="utf-8"))
    return examples


def _named(model: type[BaseModel], place: str) -> Iterator[dict[str, Any]]:
    for name, schema in model.model_json_schema(ref_template=_REF)["properties"].items():
        yield {"name": name, "in": place, "required": place == "path", "schema": schema}


def _content(kind: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {kind: {"schema": schema, **more}}
