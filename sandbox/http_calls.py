"""What a result says about each http call of a run: whom it called, and how that ended."""

from __future__ import annotations

from typing import Any, Final

_MAX_HOST_CHARS: Final = 261  # of a DNS name, a colon and a port
_MAX_PATH_CHARS: Final = 512  # a record keeps the paths of all calls of its run


def call(method: str, url: str) -> dict[str, Any]:
    """A call that is about to be tried: the caller completes `ms`, and `status` or `error`.

    The query, a fragment and a user in the URL are left out: they may hold personal data.

    Args:
        method: of HTTP.
        url: as the function wrote it, with its secrets masked already, and with the placeholders of
            those that are filled in outside. It may be no URL at all.

    Returns:
        - `method`, `host` (with its port if the URL names one), `path`: texts; host and path are
          empty if the URL has none.
        - `status`: of the answer; None without one.
        - `error`: the code that says why there is no answer; None with one.
        - `ms`: milliseconds until the answer or the error.
    """
    place = url.partition("#")[0].partition("?")[0]
    scheme, found, rest = place.partition("://")
    authority, slash, path = rest.partition("/") if found else ("", "", scheme)
    return {
        "method": method,
        "host": authority.rpartition("@")[2].lower()[:_MAX_HOST_CHARS],
        "path": (slash + path)[:_MAX_PATH_CHARS],
        "status": None,
        "error": None,
        "ms": 0.0,
    }
