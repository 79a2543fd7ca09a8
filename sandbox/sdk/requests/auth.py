"""Ways to log in to a server."""

from __future__ import annotations

import base64
from typing import Any

from .. import values
from ..placeholders import PLACEHOLDER
from .refusals import refused

__all__ = ["AuthBase", "HTTPBasicAuth", "HTTPDigestAuth", "HTTPProxyAuth"]


class Authorizable:
    """A request that an authentication may change."""

    headers: Any

    def note_basic(self, header: str, user: str | bytes, password: str | bytes) -> None:
        """Have the parent make the header again, after it has filled secrets into its parts."""
        raise NotImplementedError


class AuthBase:
    """Base of authentications, which change a request before it is sent."""

    def __call__(self, r: Any) -> Any:
        """Change the request, and give it back."""
        raise NotImplementedError("Auth hooks must be callable.")


class HTTPBasicAuth(AuthBase):
    """User and password in an Authorization header (RFC 7617).

    If one of them holds `{{secret:NAME}}`, the parent fills in the secret and makes the header.
    """

    def __init__(self, username: Any, password: Any) -> None:
        self.username = username
        self.password = password

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HTTPBasicAuth):
            return NotImplemented
        return bool(self.username == other.username and self.password == other.password)

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, r: Any) -> Any:
        """Set the request's header, and give the request back."""
        if not isinstance(r, Authorizable):
            raise TypeError("HTTPBasicAuth is called with the request that is prepared")
        user, password = values.exact(self.username), values.exact(self.password)
        r.headers["Authorization"] = header = basic(user, password)
        if any(isinstance(part, str) and PLACEHOLDER.search(part) for part in (user, password)):
            r.note_basic(header, user, password)
        return r


def basic(user: str | bytes, password: str | bytes) -> str:
    """The value of the Authorization header."""
    raw = b":".join(p.encode("latin-1") if isinstance(p, str) else p for p in (user, password))
    return "Basic " + base64.b64encode(raw).decode()


HTTPDigestAuth = refused(
    "requests.auth.HTTPDigestAuth", "use HTTPBasicAuth, or make the Authorization header yourself"
)
HTTPProxyAuth = refused("requests.auth.HTTPProxyAuth", "calls go through no proxy of yours")
