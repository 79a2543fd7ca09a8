"""Requests: as user code describes them, and prepared for sending."""

from __future__ import annotations

import re
from typing import Any, Final

from .. import values
from ..placeholders import Veil
from . import bodies, hooks, urls
from .auth import Authorizable, HTTPBasicAuth
from .cookies import RequestsCookieJar, cookiejar_from_dict
from .exceptions import InvalidHeader, InvalidJSONError
from .refusals import refuse
from .response import REDIRECT_STATI, Response
from .structures import CaseInsensitiveDict

__all__ = ["REDIRECT_STATI", "PreparedRequest", "Request", "Response"]

_NAME: Final = re.compile(r"[^:\s][^:\r\n]*")
_VALUE: Final = re.compile(r"(?:\S[^\r\n]*)?")


class Request(hooks.Hooked):
    """A request as user code describes it."""

    def __init__(
        self,
        method: Any = None,
        url: Any = None,
        headers: Any = None,
        files: Any = None,
        data: Any = None,
        params: Any = None,
        auth: Any = None,
        cookies: Any = None,
        hooks: Any = None,
        json: Any = None,
    ) -> None:
        refuse(files=files)
        self.method = method
        self.url = url
        self.headers = {} if headers is None else headers
        self.files = [] if files is None else files
        self.data = [] if data is None else data
        self.params = {} if params is None else params
        self.auth = auth
        self.cookies = cookies
        self.json = json
        self.hooks = {"response": _listed(hooks)}

    def prepare(self) -> PreparedRequest:
        """The request, prepared for sending."""
        prepared_request = PreparedRequest()
        prepared_request.prepare(
            method=self.method,
            url=self.url,
            headers=self.headers,
            files=self.files,
            data=self.data,
            json=self.json,
            params=self.params,
            auth=self.auth,
            cookies=self.cookies,
            hooks=self.hooks,
        )
        return prepared_request

    def __repr__(self) -> str:
        return f"<Request [{values.shown(self.method)}]>"


_listed = hooks.listed


class PreparedRequest(hooks.Hooked, Authorizable):
    """A request that is ready to be sent.

    Attributes:
        method: in capitals.
        url: quoted, with its params. A `{{secret:NAME}}` in it is not quoted.
        headers: a CaseInsensitiveDict.
        body: text or bytes; None for no body.
    """

    def __init__(self) -> None:
        self.method: Any = None
        self.url: Any = None
        self.headers: Any = None
        self.body: Any = None
        self.hooks = hooks.default_hooks()
        self._cookies: RequestsCookieJar | None = None
        self._body = bodies.Body()
        self._basic: tuple[str, list[str]] | None = None

    def prepare(
        self,
        method: Any = None,
        url: Any = None,
        headers: Any = None,
        files: Any = None,
        data: Any = None,
        params: Any = None,
        auth: Any = None,
        cookies: Any = None,
        hooks: Any = None,
        json: Any = None,
    ) -> None:
        """Prepare every part of the request.

        Raises:
            InvalidURL: the URL is malformed.
            MissingSchema: the URL has no scheme.
            InvalidHeader: a header cannot be sent.
            InvalidJSONError: `json` is not JSON.
        """
        self.prepare_method(method)
        self.prepare_url(url, params)
        self.prepare_headers(headers)
        self.prepare_cookies(cookies)
        self.prepare_body(data, files, json)
        self.prepare_auth(auth)
        self.prepare_hooks(hooks)

    def prepare_method(self, method: Any) -> None:
        """Set the method, in capitals."""
        self.method = None if method is None else values.text(method, "the method").upper()

    def prepare_url(self, url: Any, params: Any) -> None:
        """Set the URL, with the params added to it."""
        veil = Veil()
        self.url = veil.lift(urls.prepare(url, bodies.encoded_params(params, veil), veil))

    def prepare_headers(self, headers: Any) -> None:
        """Set the headers."""
        self.headers = CaseInsensitiveDict()
        for name, value in values.pairs({} if headers is None else headers):
            self.headers[_header_part(name, (name, value), _NAME)] = _header_part(
                value, (name, value), _VALUE
            )

    def prepare_cookies(self, cookies: Any) -> None:
        """Set the Cookie header, unless it is set already."""
        is_jar = isinstance(cookies, RequestsCookieJar)
        self._cookies = cookies if is_jar else cookiejar_from_dict(cookies)
        text = self._cookies.header(self.url) if "Cookie" not in self.headers else None
        if text is not None:
            self.headers["Cookie"] = text

    def prepare_body(self, data: Any, files: Any, json: Any = None) -> None:
        """Set the body, with its Content-Type and Content-Length."""
        refuse(files=files)
        try:
            self._body = bodies.made(data, json)
        except ValueError as problem:
            raise InvalidJSONError(problem, request=self) from None
        self.body = self._body.shown
        self.prepare_content_length(self.body)
        if self._body.kind and "content-type" not in self.headers:
            self.headers["Content-Type"] = self._body.kind

    def prepare_content_length(self, body: Any) -> None:
        """Set the Content-Length."""
        if body is None:
            if self.method not in {"GET", "HEAD"} and "Content-Length" not in self.headers:
                self.headers["Content-Length"] = "0"
            return
        exact_body = values.exact(body)
        length = len(exact_body.encode() if isinstance(exact_body, str) else exact_body)
        if length:
            self.headers["Content-Length"] = str(length)

    def prepare_auth(self, auth: Any, url: Any = "") -> None:  # noqa: ARG002 - requests' signature
        """Let an authentication change the request."""
        way = urls.credentials(self.url) if auth is None else auth
        if not way:
            return
        if isinstance(way, tuple | list) and len(way) == 2:  # noqa: PLR2004 - user and password
            way = HTTPBasicAuth(*way)
        new_request = way(self)
        if isinstance(new_request, PreparedRequest) and new_request is not self:
            self.__dict__.update(new_request.__dict__)
        self.prepare_content_length(self.body)

    def prepare_hooks(self, hooks: Any) -> None:
        """Set the hooks."""
        self.hooks["response"].extend(_listed(hooks))

    def note_basic(self, header: str, user: str | bytes, password: str | bytes) -> None:
        """Have the parent make the header again, after it has filled secrets into its parts."""
        texts = [p if isinstance(p, str) else p.decode("latin-1") for p in (user, password)]
        self._basic = (header, texts)

    def body_fields(self) -> dict[str, Any]:
        """The body, as fields of the op `http`."""
        if self.body is None:
            return {}
        is_unchanged = self.body is self._body.shown
        return (self._body if is_unchanged else bodies.made(self.body, None)).fields

    def basic_fields(self, authorization: str | None) -> dict[str, Any]:
        """User and password for the parent, if they are what this header was made of."""
        if self._basic is None or authorization != self._basic[0]:
            return {}
        return {"basic": self._basic[1]}

    @property
    def path_url(self) -> str:
        """The URL's path with its query."""
        return urls.path_of(values.shown(self.url))

    def copy(self) -> PreparedRequest:
        """A new request with the same parts."""
        duplicate = PreparedRequest()
        duplicate.__dict__.update(self.__dict__)
        duplicate.headers = None if self.headers is None else CaseInsensitiveDict(self.headers)
        return duplicate

    def __repr__(self) -> str:
        return f"<PreparedRequest [{values.shown(self.method)}]>"


def _header_part(part: Any, header: tuple[Any, Any], pattern: re.Pattern[str]) -> str:
    if not isinstance(part, str | bytes):
        name, value = map(values.shown, header)
        raise InvalidHeader(
            f"Header part ({values.shown(part)}) from ({name!r}, {value}) "
            f"must be of type str or bytes, not {type(part)}"
        )
    exact = values.exact(part)
    text = exact.decode("latin-1") if isinstance(exact, bytes) else exact
    if not pattern.fullmatch(text):
        kind = "name" if pattern is _NAME else "value"
        raise InvalidHeader(
            "Invalid leading whitespace, reserved character(s), or return character(s) in header "
            f"{kind}: {exact!r}"
        )
    return text
