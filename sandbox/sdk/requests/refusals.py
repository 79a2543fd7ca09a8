"""Refuses by its name each feature that the real `requests` has and this one lacks."""

from __future__ import annotations

from typing import Any, Final, NoReturn

_FILES: Final = "files= is not available here: send the body yourself, as data= with a Content-Type"
_STREAM: Final = "stream=True is not available here: an answer comes whole, so leave it out"
_PROXIES: Final = "proxies= is not available here: calls go out through the platform"
_CERT: Final = "cert= is not available here: no client certificate can be shown"
_VERIFY: Final = (
    "verify= with a path is not available here: servers need a certificate that browsers take"
)


def refuse(
    *,
    files: Any = None,
    stream: Any = None,
    proxies: Any = None,
    verify: Any = None,
    cert: Any = None,
) -> None:
    """Raise if an argument asks for a feature that is not here.

    `verify=False` is accepted, but certificates are checked all the same.

    Raises:
        NotImplementedError: an argument asks for such a feature.
    """
    refusals = ((files, _FILES), (stream, _STREAM), (proxies, _PROXIES), (cert, _CERT))
    for value, text in refusals:
        if value:
            raise NotImplementedError(text)
    if isinstance(verify, str | bytes):
        raise NotImplementedError(_VERIFY)


def refused(name: str, instead: str) -> type[Any]:
    """A class with this name. User code can import it and inherit from it, but not use it."""

    def init(_self: Any, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(f"{name} is not available here: {instead}")

    return type(name.rpartition(".")[2], (), {"__init__": init, "__module__": __name__})
