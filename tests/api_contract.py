"""Holds every answer of the API against its OpenAPI document: status, code, headers and body."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import jsonschema

from functions._api import openapi
from functions._api.endpoint import Endpoint
from functions._api.endpoints import ENDPOINTS
from functions._api.routes import Routes
from runtime.errors import PenstockError

DOCUMENT: Final = openapi.document(ENDPOINTS, version="1")
_ROUTES: Final = Routes([(each.method, each.rule, each) for each in ENDPOINTS])


def hold(method: str, path: str, *, status: int, headers: Mapping[str, str], text: str) -> None:
    """Fail if the document does not say that this request may be answered so.

    A code that is missing belongs into `functions/_api/refusals.py`.
    """
    try:
        each = _ROUTES.find(method, path).target
    except PenstockError:
        return  # no endpoint answers: there is no such path, or no such method
    where = f"{each.method} {each.path} answered {status}"
    described = operation(each)["responses"].get(str(status))
    assert described is not None, f"{where}, which is not in the document: {text[:500]}"
    if method == "HEAD" or "content" not in described:
        assert text == "", f"{where} with a body that is not in the document"
        return
    kind = headers["Content-Type"]
    assert kind in described["content"], f"{where} as {kind}"
    answer = json.loads(text)
    problem = jsonschema.exceptions.best_match(judge(each, status).iter_errors(answer))
    assert problem is None, f"{where}: {problem.message} at {problem.json_path}: {text[:500]}"
    codes = described.get("x-codes")
    assert codes is None or answer["code"] in codes, f"{where} as none of {codes}: {text[:500]}"


def operation(each: Endpoint) -> dict[str, Any]:
    """What the document says of an endpoint."""
    described: dict[str, Any] = DOCUMENT["paths"][each.path][each.method.lower()]
    return described


@cache
def judge(each: Endpoint, status: int) -> Any:
    """A validator of the bodies that an endpoint answers with this status."""
    [(_, content)] = operation(each)["responses"][str(status)]["content"].items()
    return validator(content["schema"])


def validator(schema: Mapping[str, Any]) -> Any:
    """A validator of a schema that may refer to others of the document."""
    return jsonschema.Draft202012Validator(
        {"allOf": [schema], "components": DOCUMENT["components"]}
    )
