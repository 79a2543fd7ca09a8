"""The HTTP API behind the Function URL: the endpoints of `functions/_api`, and their document."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from functions import _http
from functions._api import (
    api_keys,
    deliveries,
    events,
    functions,
    openapi,
    profiles,
    replays,
    syncs,
    webhooks,
)
from functions._api.endpoint import Endpoint
from functions._api.serve import serve
from runtime.errors import NotFound
from runtime.wiring import api, worker

API_VERSION = "1"
ENDPOINTS: tuple[Endpoint, ...] = (
    *events.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *replays.ENDPOINTS,
    *functions.ENDPOINTS,
    *profiles.ENDPOINTS,
    *syncs.ENDPOINTS,
    *api_keys.ENDPOINTS,
)
resolver = LambdaFunctionUrlResolver()


def _bind(each: Endpoint) -> None:
    @resolver.route(each.rule, method=each.method)
    def _(**path: str) -> Response[str]:
        return serve(each, _application(), resolver.current_event.raw_event, path=path)


for _each in ENDPOINTS:
    _bind(_each)


@resolver.get("/openapi.json")
def describe() -> Response[str]:
    """The API's own document; open to all, as it tells nothing of any tenant."""
    return _http.answer(openapi.document(ENDPOINTS, version=API_VERSION), status=200)


@resolver.not_found
def not_found(_problem: NotFoundError) -> Response[str]:
    """An unknown path or method."""
    request = resolver.current_event
    error = NotFound(
        f"there is no {request.http_method} {request.path}; see /openapi.json", code="no_such_path"
    )
    return _http.problem(error, request_id=request.request_context.request_id)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer one HTTP request."""
    return resolver.resolve(dict(event), context)


@cache
def _application() -> api.Api:
    return api.load()


if worker.in_lambda():
    _application()  # Lambda's start has more CPU and no caller who waits
