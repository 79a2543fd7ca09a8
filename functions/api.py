"""The HTTP API behind the Function URL: the endpoints of `functions/_api`, and their document."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from functions import _http
from functions._api import openapi
from functions._api.endpoint import Endpoint
from functions._api.endpoints import ENDPOINTS
from functions._api.routes import Routes
from functions._api.serve import serve
from runtime.errors import PenstockError
from runtime.wiring import api, worker

API_VERSION = "1"
_OWN_DOCUMENT: Final = None  # the one target that is no endpoint: it takes no key
_ROUTES: Final[Routes[Endpoint | None]] = Routes(
    [
        *((each.method, each.rule, each) for each in ENDPOINTS),
        ("GET", "/openapi.json", _OWN_DOCUMENT),
    ]
)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Answer one HTTP request."""
    return _http.as_event(_respond(event), method=_method(event))


def _method(event: Mapping[str, Any]) -> str:
    return str(event["requestContext"]["http"]["method"]).upper()


def _respond(event: Mapping[str, Any]) -> _http.Response:
    method, path = _method(event), event["rawPath"]
    try:
        if method == "OPTIONS":
            return _http.allowing(_ROUTES.methods(path))
        match = _ROUTES.find(method, path)
    except PenstockError as error:
        return _http.problem(error, request_id=_http.request_id(event))
    if match.target is _OWN_DOCUMENT:
        return _document()
    return serve(match.target, _application(), event, path=match.parameters)


@cache
def _document() -> _http.Response:
    """Made once: whoever has no key may ask for it, and to make it takes a third of a second."""
    return _http.answer(openapi.document(ENDPOINTS, version=API_VERSION), status=200)


@cache
def _application() -> api.Api:
    return api.load()


if worker.in_lambda():
    _application()  # while Lambda starts, there is more CPU and no caller who waits
