"""What the real `requests` has and this one has not, each refused by its name."""

from __future__ import annotations

from typing import Any, NoReturn

_FILES = "files= is not available here: send the body yourself, as data= with a Content-Type"
_STREAM = "stream=True is not available here: an answer comes whole, so leave it out"
_PROXIES = "proxies= is not available here: calls go out through the platform"
_CERT = "cert= is not available here: no client certificate can be shown"
_VERIFY = "verify= with a path is not available here: servers need a certificate that browsers take"


def refuse(
    *,
    files: Any = None,
    stream: Any = None,
    proxies: Any = None,
    verify: Any = None,
    cert: Any = None,
) -> None:
    """NotImplementedError for what these ask for; what asks for nothing passes.

    `verify=False` passes too: certificates are checked all the same.
    """
    refusals = ((files, _FILES), (stream, _STREAM), (proxies, _PROXIES), (cert, _CERT))
    for value, text in refusals:
        if value:
            raise NotImplementedError(text)
    if isinstance(verify, str | bytes):
        raise NotImplementedError(_VERIFY)


def refused(name: str, instead: str) -> type[Any]:
    """A class of this name that can be imported and inherited from, but not used."""

    def init(_self: Any, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(f"{name} is not available here: {instead}")

    return type(name.rpartition(".")[2], (), {"__init__": init, "__module__": __name__})
