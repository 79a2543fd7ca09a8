"""Sends a prepared request by one call of the parent, and makes its response."""

from __future__ import annotations

import base64
import math
import time
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from .. import values
from ..http import joined, perform
from ..port import CapabilityError
from . import charsets, exceptions, urls
from .response import Response
from .structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from .cookies import RequestsCookieJar
    from .models import PreparedRequest

_BY_CODE: Final[dict[str, type[exceptions.RequestException]]] = {
    "connect_timeout": exceptions.ConnectTimeout,
    "dns_timeout": exceptions.ConnectTimeout,
    "timeout": exceptions.ReadTimeout,
    "tls_error": exceptions.SSLError,
    "protocol_error": exceptions.ChunkedEncodingError,
    "host_not_allowed": exceptions.HostRefused,
    "header_invalid": exceptions.InvalidHeader,
    "header_reserved": exceptions.InvalidHeader,
    "method_invalid": exceptions.RequestException,
    "request_invalid": exceptions.RequestException,
    "body_invalid": exceptions.RequestException,
    "body_too_large": exceptions.RequestException,
    "too_large": exceptions.RequestException,
    "secret_not_declared": exceptions.RequestException,
    "secret_host_not_listed": exceptions.RequestException,
}
_MAX_UNPACKED_BYTES: Final = 16 << 20  # an answer of 1 MB may unpack to much more
_ENCODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's `wbits` for each


def send(request: PreparedRequest, timeout: Any, jar: RequestsCookieJar) -> Response:
    """Send the request, and give its response.

    Args:
        request: the prepared request.
        timeout: seconds for connecting and for each wait; or a pair of these; None for no limit.
        jar: the jar that gets the response's cookies.

    Raises:
        RequestException: there was no response; it has the class that the real `requests` raises.
        QuotaExceeded: this run may make no more calls.
    """
    url = values.text(values.shown(request.url), "the URL")
    if not url.lower().startswith(("http://", "https://")):
        raise exceptions.InvalidSchema(f"No connection adapters were found for {url!r}")
    headers = _headers(request, url)
    authorization = next((v for k, v in headers.items() if k.lower() == "authorization"), None)
    fields: dict[str, Any] = {
        "headers": headers,
        "timeouts": timeouts(timeout),
        "content_type": None,  # it is among the headers
        **request.body_fields(),
        **request.basic_fields(authorization),
    }
    method = values.text(request.method, "the method")
    began = time.perf_counter()
    try:
        value = perform(method, urls.without_credentials(url), **fields)
    except CapabilityError as problem:
        raise _exception_of(problem, request) from None
    response = _response(value, request, url)
    response.elapsed = timedelta(seconds=time.perf_counter() - began)
    set_cookies = [text for name, text in value["headers"] if name.lower() == "set-cookie"]
    for each in (response.cookies, jar):
        each.read(set_cookies, url)
    return response


def _headers(request: PreparedRequest, url: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in values.pairs(request.headers or {}):
        text = values.exact(value)
        own = values.text(name, "a header's name")
        if own.lower() == "host" and text == urls.netloc(url):
            continue
        headers[own] = text.decode("latin-1") if isinstance(text, bytes) else text
        headers[own].encode("latin-1")
    return headers


def timeouts(timeout: Any) -> list[float | None]:
    """The seconds for connecting and for each wait; None for each that the user does not limit."""
    if isinstance(timeout, tuple):
        try:
            connect, read = timeout
            return [_seconds(connect, "connect"), _seconds(read, "read")]
        except ValueError:
            raise ValueError(
                f"Invalid timeout {values.shown(timeout)}. Pass a (connect, read) timeout tuple, "
                "or a single float to set both timeouts to the same value."
            ) from None
    return [_seconds(timeout, "connect"), _seconds(timeout, "read")]


def _seconds(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool):
        raise ValueError("Timeout cannot be a boolean value. It must be an int, float or None.")  # noqa: TRY004 - as in the real one
    try:
        seconds = float(values.shown(value))
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds):
        text = values.shown(value)
        raise ValueError(f"Timeout value {name} was {text}, but it must be an int, float or None.")
    if seconds <= 0:
        raise ValueError(
            f"Attempted to set {name} timeout to {values.shown(value)}, but the timeout cannot be "
            "set to a value less than or equal to 0."
        )
    return None if math.isinf(seconds) else seconds


def _exception_of(error: CapabilityError, request: PreparedRequest) -> exceptions.RequestException:
    default_kind = (
        exceptions.InvalidURL if error.code.startswith("url_") else exceptions.ConnectionError
    )
    kind = _BY_CODE.get(error.code, default_kind)
    exception = kind(str(error), request=request)
    exception.code = error.code
    return exception


def _response(value: dict[str, Any], request: PreparedRequest, url: str) -> Response:
    pairs = [(str(name), str(text)) for name, text in value["headers"]]
    response = Response()
    response.status_code = int(value["status"])
    response.reason = str(value["reason"])
    response.url = url
    response.request = request
    response.headers = CaseInsensitiveDict(_joined(pairs))
    response.encoding = charsets.of_headers(response.headers)
    response._content = _unpacked(base64.b64decode(value["body"]), response.headers)  # noqa: SLF001 - as in the real one, tests of users' set it
    return response


def _joined(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    spelling: dict[str, str] = {}
    for name, _ in pairs:
        spelling.setdefault(name.lower(), name)
    by_name = joined((name.lower(), text) for name, text in pairs)
    return [(spelling[name], text) for name, text in by_name.items()]


def _unpacked(body: bytes, headers: CaseInsensitiveDict) -> bytes:
    """The body, unpacked as its Content-Encoding says. The sandbox asks no server to pack."""
    for name in reversed(str(headers.get("content-encoding", "")).lower().split(",")):
        wbits = _ENCODINGS.get(name.strip())
        if wbits is None:
            return body
        body = _inflated(body, wbits) if body else body
    return body


def _inflated(body: bytes, wbits: int) -> bytes:
    for each in (wbits, -15) if wbits == _ENCODINGS["deflate"] else (wbits,):
        unpacker = zlib.decompressobj(each)
        try:
            content = unpacker.decompress(body, _MAX_UNPACKED_BYTES)
        except zlib.error:
            continue
        if unpacker.unconsumed_tail:
            raise exceptions.ContentDecodingError("the answer is too large once it is unpacked")
        return content
    raise exceptions.ContentDecodingError("the answer's Content-Encoding is not what it says")
