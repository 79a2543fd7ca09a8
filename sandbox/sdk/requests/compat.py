"""What programs take from `requests.compat`: the standard library's own."""

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
