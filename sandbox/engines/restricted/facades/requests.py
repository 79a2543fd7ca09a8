"""A look-alike of requests over the mediated client, so that common recipes run unchanged."""

from __future__ import annotations

from typing import Any

from sandbox.bridge import CapabilityError
from sandbox.engines.restricted import attributes, context

_CLIENT_ERROR, _SERVER_ERROR = 400, 500


class RequestException(Exception):
    """Any failure of a request."""

    def __init__(self, *args: Any, response: Response | None = None) -> None:
        super().__init__(*args)
        self.response = response


class HTTPError(RequestException):
    """An answer of 400 or more, raised by raise_for_status()."""


class ConnectionError(RequestException):  # noqa: A001 - requests' own name
    """The server could not be reached, or may not be."""


class Timeout(RequestException):
    """No answer in time."""


class ConnectTimeout(ConnectionError, Timeout):
    """No connection in time."""


class ReadTimeout(Timeout):
    """No answer in time, after connecting."""


class InvalidURL(RequestException, ValueError):
    """The URL is not one that may be called."""


class JSONDecodeError(RequestException, ValueError):
    """The body is not JSON."""


class Response:
    """What requests.Response shows, as far as recipes use it."""

    __slots__ = ("_answer", "status_code", "url")

    def __init__(self, answer: context.Answer, url: str) -> None:
        self._answer = answer
        self.status_code = answer.status
        self.url = url

    @property
    def ok(self) -> bool:
        """True below 400."""
        return self._answer.ok

    @property
    def text(self) -> str:
        """The body as text."""
        return self._answer.text

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self._answer.content

    @property
    def headers(self) -> Headers:
        """Case does not matter in header names."""
        return Headers(self._answer.headers)

    @property
    def reason(self) -> str:
        """The status in words is not carried over the wire."""
        return ""

    def json(self) -> Any:
        """The body as JSON."""
        try:
            return self._answer.json()
        except ValueError as error:
            raise JSONDecodeError(str(error), response=self) from None

    def raise_for_status(self) -> None:
        """HTTPError when the answer is 400 or more."""
        if self.status_code >= _CLIENT_ERROR:
            who = "Server" if self.status_code >= _SERVER_ERROR else "Client"
            message = f"{self.status_code} {who} Error for url: {self.url}"
            raise HTTPError(message, response=self)

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"


class Headers(dict[str, str]):
    """Header names in lower case, looked up in any case."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """The value of this header, or the default."""
        return super().get(name.lower(), default)


_TIMEOUTS = {"timeout", "dns_timeout"}
_URLS = {"url_invalid", "host_not_allowed"}


def request(method: str, url: str, **options: Any) -> Response:
    """What requests.request does, over the mediated client."""
    for quiet in ("allow_redirects", "verify", "stream"):
        options.pop(quiet, None)  # never followed, always verified, always whole
    auth = options.pop("auth", None)
    if auth is not None:
        options["headers"] = {**(options.get("headers") or {}), "authorization": _basic(auth)}
    timeout = options.get("timeout")
    if isinstance(timeout, tuple):
        options["timeout"] = sum(part for part in timeout if part)
    try:
        return Response(context.request(method.upper(), url, options), url)
    except CapabilityError as error:
        raise _exception_of(error) from None


def _exception_of(error: CapabilityError) -> RequestException:
    if error.code == "connect_timeout":
        return ConnectTimeout(str(error))
    if error.code in _TIMEOUTS:
        return ReadTimeout(str(error))
    return InvalidURL(str(error)) if error.code in _URLS else ConnectionError(str(error))


def _basic(auth: Any) -> str:
    import base64

    user, password = auth
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _verb(name: str) -> Any:
    def call(url: str, data: Any = None, json: Any = None, **options: Any) -> Response:
        if name == "get" and data is not None:
            options.setdefault("params", data)  # requests.get(url, params)
            data = None
        return request(name, url, data=data, json=json, **options)

    call.__name__ = name
    return call


attributes.INSTANCE[Response] = frozenset(
    {"content", "headers", "json", "ok", "raise_for_status", "reason", "status_code", "text", "url"}
)
attributes.INSTANCE[Headers] = frozenset({"get", "items", "keys", "values"})

_ERRORS = {
    kind.__name__: kind
    for kind in (
        RequestException, HTTPError, ConnectionError, Timeout, ConnectTimeout, ReadTimeout,
        InvalidURL, JSONDecodeError,
    )
}  # fmt: skip

MODULES: dict[str, dict[str, Any]] = {
    "requests": {name: _verb(name) for name in context.VERBS}
    | {"request": request, "Response": Response}
    | _ERRORS,
    "requests.exceptions": dict(_ERRORS),
}
