"""The exceptions of `requests`."""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "ChunkedEncodingError", "ConnectTimeout", "ConnectionError", "ContentDecodingError",
    "FileModeWarning", "HTTPError", "InvalidHeader", "InvalidJSONError", "InvalidProxyURL",
    "InvalidSchema", "InvalidURL", "JSONDecodeError", "MissingSchema", "ProxyError", "ReadTimeout",
    "RequestException", "RequestsDependencyWarning", "RequestsWarning", "RetryError", "SSLError",
    "StreamConsumedError", "Timeout", "TooManyRedirects", "URLRequired", "UnrewindableBodyError",
]  # fmt: skip


class Answered:
    """An object that knows which request it answers."""

    request: Any = None


class RequestException(OSError):
    """Any failure of a request.

    Attributes:
        request: the PreparedRequest; None if there was none.
        response: the Response; None if there was none.
        code: the platform's code for the failure, such as `host_not_allowed`; None for a failure
            that the real `requests` finds before it sends anything.
    """

    code: str | None = None

    def __init__(self, *args: Any, request: Any = None, response: Any = None) -> None:
        if not isinstance(self, RequestException):  # user code has called this with another `self`
            raise TypeError("this makes an exception of requests, and nothing else")
        if request is None and isinstance(response, Answered):
            request = response.request
        self.request = request
        self.response = response
        super().__init__(*args)


class InvalidJSONError(RequestException):
    """The value to send, or the answer, is not JSON."""


class JSONDecodeError(InvalidJSONError, json.JSONDecodeError):
    """The body is not JSON."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        json.JSONDecodeError.__init__(self, *args)
        InvalidJSONError.__init__(self, *self.args, **kwargs)


class HTTPError(RequestException):
    """An answer of 400 or more, raised by raise_for_status()."""


class ConnectionError(RequestException):  # noqa: A001 - requests' own name
    """The server could not be reached, or broke off."""


class ProxyError(ConnectionError):
    """Never raised: there are no proxies here."""


class SSLError(ConnectionError):
    """The server's certificate is refused, or TLS failed otherwise."""


class Timeout(RequestException):
    """There was no answer in time."""


class ConnectTimeout(ConnectionError, Timeout):
    """There was no connection in time, so nothing was sent."""


class ReadTimeout(Timeout):
    """There was a connection, but no answer in time."""


class URLRequired(RequestException):
    """A URL is needed."""


class TooManyRedirects(RequestException):
    """Never raised: redirects are not followed here."""


class MissingSchema(RequestException, ValueError):
    """The URL has no scheme, such as https://."""


class InvalidSchema(RequestException, ValueError):
    """The URL's scheme is neither http nor https."""


class InvalidURL(RequestException, ValueError):
    """The URL is malformed, or may not be called."""


class InvalidHeader(RequestException, ValueError):
    """A header cannot be sent, or may not be sent."""


class InvalidProxyURL(InvalidURL):
    """Never raised: there are no proxies here."""


class ChunkedEncodingError(RequestException):
    """The answer ended before it was complete, or is not HTTP."""


class ContentDecodingError(RequestException):
    """The answer's body is not encoded as its Content-Encoding says."""


class StreamConsumedError(RequestException, TypeError):
    """Never raised: bodies are read whole here."""


class RetryError(RequestException):
    """Never raised here. To have an event run again, raise `penstock.RetryError`."""


class UnrewindableBodyError(RequestException):
    """Never raised: bodies are sent whole here."""


class RequestsWarning(Warning):
    """Base of the warnings of `requests`."""


class FileModeWarning(RequestsWarning, DeprecationWarning):
    """Never given: there are no files here."""


class RequestsDependencyWarning(RequestsWarning):
    """Never given: there are no dependencies here."""


class HostRefused(ConnectionError, InvalidURL):
    """The function's list of hosts does not name this host, so it cannot be reached."""


HostRefused.__name__ = HostRefused.__qualname__ = "InvalidURL"  # the name in a run's record
