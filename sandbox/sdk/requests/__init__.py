"""`requests`, by the parent's http call.

For its user it works as the real one; docs/reference/requests.md lists the differences. It is
written anew, because it opens no connections, and makes exact values from all that it gets.
"""

from __future__ import annotations

from typing import Final

from . import (
    adapters,
    api,
    auth,
    compat,
    cookies,
    exceptions,
    models,
    sessions,
    status_codes,
    structures,
    utils,
)
from .api import delete, get, head, options, patch, post, put, request
from .exceptions import (
    ConnectionError,  # noqa: A004 - requests' own name
    ConnectTimeout,
    FileModeWarning,
    HTTPError,
    JSONDecodeError,
    ReadTimeout,
    RequestException,
    Timeout,
    TooManyRedirects,
    URLRequired,
)
from .models import PreparedRequest, Request, Response
from .sessions import Session, session
from .status_codes import codes

__version__ = "2.34.2"  # the version of the real one that this one behaves like


def __getattr__(name: str) -> object:
    if name == "packages":
        raise AttributeError(
            "requests.packages is not available here: connections are the platform's, which "
            "always checks certificates, so there is nothing to set and no warning to turn off"
        )
    raise AttributeError(f"module 'requests' has no attribute {name!r}")


SUBMODULES: Final = {
    "adapters": adapters,
    "api": api,
    "auth": auth,
    "compat": compat,
    "cookies": cookies,
    "exceptions": exceptions,
    "models": models,
    "sessions": sessions,
    "status_codes": status_codes,
    "structures": structures,
    "utils": utils,
}
"""The modules below `requests` that programs import, by name."""

__all__ = [
    "ConnectTimeout", "ConnectionError", "FileModeWarning", "HTTPError", "JSONDecodeError",
    "PreparedRequest", "ReadTimeout", "Request", "RequestException", "Response", "Session",
    "Timeout", "TooManyRedirects", "URLRequired", "codes", "delete", "get", "head", "options",
    "patch", "post", "put", "request", "session",
]  # fmt: skip
