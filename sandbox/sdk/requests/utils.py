"""The names that programs import from `requests.utils`."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, unquote, urlparse

from .. import values
from . import charsets, urls
from .cookies import RequestsCookieJar, cookiejar_from_dict
from .response import parse_header_links
from .structures import CaseInsensitiveDict

__all__ = [
    "cookiejar_from_dict", "default_headers", "default_user_agent", "dict_from_cookiejar",
    "get_encoding_from_headers", "guess_json_utf", "parse_header_links", "quote", "requote_uri",
    "unquote", "urlparse",
]  # fmt: skip

USER_AGENT: Final = "Penstock/1"


def default_user_agent(name: str = USER_AGENT) -> str:
    """The value of the header User-Agent."""
    return name


def default_headers() -> CaseInsensitiveDict:
    """The headers that a session sends with each call."""
    return CaseInsensitiveDict(
        {
            "User-Agent": default_user_agent(),
            "Accept-Encoding": "identity",
            "Accept": "*/*",
            "Connection": "keep-alive",
        }
    )


def dict_from_cookiejar(cj: Any) -> dict[str, str | None]:
    """Each cookie's value in a jar, by its name."""
    if not isinstance(cj, RequestsCookieJar):
        raise TypeError("dict_from_cookiejar() takes a RequestsCookieJar")
    return cj.get_dict()


def get_encoding_from_headers(headers: Any) -> str | None:
    """The encoding that Content-Type names or implies; None if it does neither."""
    return charsets.of_headers(CaseInsensitiveDict(headers))


def guess_json_utf(data: Any) -> str | None:
    """The UTF of a JSON text; None if its first bytes fit none."""
    return charsets.of_json(values.exact_bytes(data))


def requote_uri(uri: Any) -> str:
    """The URL quoted exactly once."""
    return urls.requote(values.shown(uri))
