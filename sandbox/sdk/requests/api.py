"""One function for each method of HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .sessions import Session

if TYPE_CHECKING:
    from .response import Response

__all__ = ["delete", "get", "head", "options", "patch", "post", "put", "request"]


def request(method: Any, url: Any, **kwargs: Any) -> Response:
    """Make a call; the arguments are those of `Session.request`."""
    return Session().request(method=method, url=url, **kwargs)


def get(url: Any, params: Any = None, **kwargs: Any) -> Response:
    """GET."""
    return request("get", url, params=params, **kwargs)


def options(url: Any, **kwargs: Any) -> Response:
    """OPTIONS."""
    return request("options", url, **kwargs)


def head(url: Any, **kwargs: Any) -> Response:
    """HEAD."""
    return request("head", url, **kwargs)


def post(url: Any, data: Any = None, json: Any = None, **kwargs: Any) -> Response:
    """POST."""
    return request("post", url, data=data, json=json, **kwargs)


def put(url: Any, data: Any = None, **kwargs: Any) -> Response:
    """PUT."""
    return request("put", url, data=data, **kwargs)


def patch(url: Any, data: Any = None, **kwargs: Any) -> Response:
    """PATCH."""
    return request("patch", url, data=data, **kwargs)


def delete(url: Any, **kwargs: Any) -> Response:
    """DELETE."""
    return request("delete", url, **kwargs)
