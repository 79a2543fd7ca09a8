"""The names that programs import from `requests.compat`: they are the standard library's."""

from __future__ import annotations

from json import JSONDecodeError
from urllib.parse import (
    quote,
    quote_plus,
    unquote,
    unquote_plus,
    urldefrag,
    urlencode,
    urljoin,
    urlparse,
    urlsplit,
    urlunparse,
)

__all__ = [
    "JSONDecodeError", "quote", "quote_plus", "unquote", "unquote_plus", "urldefrag", "urlencode",
    "urljoin", "urlparse", "urlsplit", "urlunparse",
]  # fmt: skip
