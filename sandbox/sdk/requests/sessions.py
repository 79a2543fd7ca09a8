"""Session: keeps settings and cookies from call to call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn, Self

from .. import values
from . import hooks as hook_lists
from . import transport
from .cookies import RequestsCookieJar, cookiejar_from_dict, merge_cookies
from .models import PreparedRequest, Request, Response
from .refusals import refuse
from .structures import CaseInsensitiveDict
from .utils import default_headers

__all__ = ["Session", "session"]

_SETTINGS: Final = frozenset({"timeout", "allow_redirects", "stream", "verify", "cert", "proxies"})


def _merged(own: Any, of_session: Any, kind: type[Any]) -> Any:
    """A setting of the request, or that of the session if it has none.

    Two dicts are merged; a value of None in the request's removes a key of the session's.
    """
    if of_session is None or own is None:
        return own if of_session is None else of_session
    if not isinstance(own, Mapping) or not isinstance(of_session, Mapping):
        return own
    result = kind(values.pairs(of_session))
    result.update(values.pairs(own))
    for key in [key for key, value in result.items() if value is None]:
        del result[key]
    return result


class Session:
    """Keeps settings and cookies from call to call.

    Attributes:
        headers: headers that each call sends.
        auth: the authentication of each call, as for `get`.
        params: params that are added to each URL.
        cookies: a RequestsCookieJar.
        hooks: functions that get each response.
        verify: without effect: certificates are always checked.
    """

    def __init__(self) -> None:
        self.headers: Any = default_headers()
        self.auth: Any = None
        self.params: Any = {}
        self.cookies: Any = RequestsCookieJar()
        self.hooks: Any = hook_lists.default_hooks()
        self.proxies: Any = {}
        self.stream: Any = False
        self.verify: Any = True
        self.cert: Any = None
        self.max_redirects: Any = 30
        self.trust_env: Any = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def mount(self, prefix: Any, adapter: Any) -> NoReturn:
        """Fail: the platform makes the connections.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "Session.mount is not available here: connections are the platform's; to have an event "
            "tried again, raise penstock.RetryError"
        )

    def get_adapter(self, url: Any) -> NoReturn:
        """Fail: the platform makes the connections.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "Session.get_adapter is not available here: connections are the platform's"
        )

    def prepare_request(self, request: Request) -> PreparedRequest:
        """The request, prepared for sending with the session's settings."""
        if not isinstance(request, Request):
            raise TypeError("prepare_request() takes a Request")
        jar = merge_cookies(RequestsCookieJar(), self.cookies)
        own_cookies = request.cookies or {}
        is_jar = isinstance(own_cookies, RequestsCookieJar)
        merge_cookies(jar, own_cookies if is_jar else cookiejar_from_dict(own_cookies))
        prepared_request = PreparedRequest()
        prepared_request.prepare(
            method=request.method,
            url=request.url,
            headers=_merged(request.headers, self.headers, CaseInsensitiveDict),
            files=request.files,
            data=request.data,
            json=request.json,
            params=_merged(request.params, self.params, dict),
            auth=_merged(request.auth, self.auth, dict),
            cookies=jar,
            hooks={"response": hook_lists.merged(request.hooks, self.hooks)},
        )
        return prepared_request

    def request(
        self,
        method: Any,
        url: Any,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        cookies: Any = None,
        files: Any = None,
        auth: Any = None,
        timeout: Any = None,
        allow_redirects: Any = True,
        proxies: Any = None,
        hooks: Any = None,
        stream: Any = None,
        verify: Any = None,
        cert: Any = None,
        json: Any = None,
    ) -> Response:
        """Make a call.

        Args:
            method: GET, OPTIONS, HEAD, POST, PUT, PATCH or DELETE.
            url: the URL.
            params: what follows its `?`: a dict, a list of pairs or text.
            data: the body: a dict or a list of pairs (sent as a form), text or bytes.
            headers: a dict; a value of None removes a header of the session's.
            cookies: a dict or a jar.
            files: refused.
            auth: a pair of user and password, or a function that changes the request.
            timeout: seconds for connecting and for each wait, or a pair of them.
            allow_redirects: without effect: redirects are never followed here.
            proxies: refused.
            hooks: `{"response": function}`.
            stream: refused if it is true.
            verify: without effect: certificates are always checked.
            cert: refused.
            json: a value to send as JSON, if there is no `data`.

        Returns:
            The response, whatever its status.

        Raises:
            RequestException: there was no response, or the call may not be made.
        """
        request = Request(
            method=method,
            url=url,
            headers=headers,
            files=files,
            data=data or {},
            json=json,
            params=params or {},
            auth=auth,
            cookies=cookies,
            hooks=hooks,
        )
        return self.send(
            self.prepare_request(request),
            timeout=timeout,
            allow_redirects=allow_redirects,
            proxies=proxies or self.proxies,
            stream=self.stream if stream is None else stream,
            verify=self.verify if verify is None else verify,
            cert=self.cert if cert is None else cert,
        )

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        """Send a prepared request. It takes those arguments of `request` that are about sending."""
        if not isinstance(request, PreparedRequest):
            raise ValueError("You can only send PreparedRequests.")  # noqa: TRY004 - as in the real one
        arguments = dict(values.keywords(kwargs))
        for name in arguments:
            if name not in _SETTINGS:
                raise TypeError(f"Session.send() got an unexpected keyword argument '{name}'")
        settings = {
            "stream": arguments.get("stream", self.stream),
            "verify": arguments.get("verify", self.verify),
            "cert": arguments.get("cert", self.cert),
            "proxies": arguments.get("proxies", self.proxies),
        }
        refuse(**settings)
        timeout = arguments.get("timeout")
        is_jar = isinstance(self.cookies, RequestsCookieJar)
        jar = self.cookies if is_jar else RequestsCookieJar()
        response = transport.send(request, timeout, jar)
        final_response: Response = hook_lists.dispatch(
            request.hooks["response"], response, timeout=timeout, **settings
        )
        return final_response

    def get(self, url: Any, params: Any = None, **kwargs: Any) -> Response:
        """GET."""
        return self.request("GET", url, params=params, **kwargs)

    def options(self, url: Any, **kwargs: Any) -> Response:
        """OPTIONS."""
        return self.request("OPTIONS", url, **kwargs)

    def head(self, url: Any, **kwargs: Any) -> Response:
        """HEAD."""
        return self.request("HEAD", url, **kwargs)

    def post(self, url: Any, data: Any = None, json: Any = None, **kwargs: Any) -> Response:
        """POST."""
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url: Any, data: Any = None, **kwargs: Any) -> Response:
        """PUT."""
        return self.request("PUT", url, data=data, **kwargs)

    def patch(self, url: Any, data: Any = None, **kwargs: Any) -> Response:
        """PATCH."""
        return self.request("PATCH", url, data=data, **kwargs)

    def delete(self, url: Any, **kwargs: Any) -> Response:
        """DELETE."""
        return self.request("DELETE", url, **kwargs)


def session() -> Session:
    """Make a session."""
    return Session()
