"""context.http as the parent performs it: the only call site of `runtime.egress`."""

from __future__ import annotations

import base64
import functools
import json
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sandbox import packed
from sandbox.limits import HTTP_DEADLINE_S, MAX_HTTP_ANSWER_BYTES, MAX_HTTP_REQUEST_BYTES
from sandbox.masking import URL_SAFE, Masker, UnknownSecret
from sandbox.sdk.placeholders import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtime.egress.answer import Answer
    from runtime.egress.exchange import Request
    from runtime.egress.policy import EgressPolicy
    from runtime.egress.resolver import Resolver

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_HEADERS_MAX = 50
_LATIN_BELOW = 256
_HANGING_NAMES_MAX = 16  # a quarter of the resolver's threads: then it is the function's own fault
_SHORTEST_S = 0.001


class Refused(Exception):
    """The request is not one that this function may make."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Permit:
    """What this function may reach."""

    policy: EgressPolicy
    egress: bool = True  # False: this installation lets no function call anybody


class Answerer(Protocol):
    """Answers requests that a function may make: over the network, or from what was recorded."""

    def send(
        self,
        request: Request,
        *,
        deadline_s: float,
        max_answer_bytes: int,
        connect_s: float | None,
        idle_s: float | None,
    ) -> Answer:
        """The answer to a request, as `SyncEgress.send` gives it.

        Raises:
            EgressRefused: the request is not one that may be sent.
            EgressFailed: there is no complete answer in time.
        """


class NoAnswers:
    """Makes no call: for dry runs, which change nothing outside."""

    def send(self, request: Request, **_options: Any) -> Answer:  # noqa: ARG002 - as `Answerer`
        """Refuse.

        Raises:
            EgressRefused: code `dry_run`, always.
        """
        from runtime.egress.failures import EgressRefused

        text = "a dry run makes no http calls; allow them with --allow-http (API: allow_http)"
        raise EgressRefused("dry_run", text)


@dataclass(frozen=True, slots=True)
class _Wanted:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Waits:
    whole_s: float
    connect_s: float | None
    idle_s: float | None


class Mediator:
    """Performs the http calls of one job.

    Args:
        permit: what they may reach.
        masker: of the job's secrets.
        resolver: looks names up; None takes the one that all jobs share, so that names that hang
            hold so many threads and no more.
        answerer: answers the calls that the permit lets through; None calls over the network.
    """

    def __init__(
        self,
        permit: Permit,
        masker: Masker,
        *,
        resolver: Resolver | None = None,
        answerer: Answerer | None = None,
    ) -> None:
        self._permit = permit
        self._masker = masker
        self._resolver = resolver
        self._answerer = answerer
        self._hanging_names = 0

    def perform(self, message: Mapping[str, Any], *, remaining_s: float) -> dict[str, Any]:
        """The answer as plain JSON.

        Args:
            message: `method` and `url`; and where they are wanted `headers` (a dict), `params` (a
                dict or pairs), `json` or `data` (`{"text"}`, `{"base64"}` or `{"form": params}`),
                `content_type` (as null: add none to a body), `basic` (user and password), and
                `timeout` (seconds) or `timeouts` (of connecting, and of each wait).
            remaining_s: until the run's own deadline.

        Returns:
            `{"status", "reason", "headers": [[name, value], ...], "body": base64}`.

        Raises:
            Refused: it may not be, or cannot be had.
        """
        if not self._permit.egress:
            text = "functions may not call other servers here: this installation has it turned off"
            raise Refused("egress_disabled", text)
        try:
            outgoing, host = self._read(message)
            waits = _waits(message)
        except UnknownSecret as error:
            text = f"this function declares no secret {error}"
            raise Refused("secret_not_declared", text) from None
        except (TypeError, LookupError, ValueError) as error:
            raise Refused("request_invalid", f"the request cannot be read: {error}") from None
        self._check_secrets(message, host)
        return self._send(outgoing, waits, max(min(waits.whole_s, remaining_s), _SHORTEST_S))

    def _read(self, message: Mapping[str, Any]) -> tuple[_Wanted, str]:
        method = message.get("method")
        if method not in _METHODS:
            raise Refused(
                "method_invalid", "the method is not one of " + ", ".join(sorted(_METHODS))
            )
        url, host = self._url(message)
        headers = self._headers(message.get("headers"))
        if "basic" in message:
            self._log_in(headers, message["basic"])
        body, kind = self._body(message)
        has_type = "content_type" in message or "content-type" in {name.lower() for name in headers}
        if kind and not has_type:
            headers["content-type"] = kind
        return _Wanted(method, url, headers, body), host

    def _url(self, message: Mapping[str, Any]) -> tuple[str, str]:
        template = message.get("url")
        if not isinstance(template, str):
            raise Refused("url_invalid", "the URL is not text")
        template = template.partition("#")[0]
        host = check_url(PLACEHOLDER.sub("secret", template), self._permit.policy)
        url = self._masker.fill(template, _quoted)
        params = message.get("params")
        if params:
            pairs = self._masker.fill_plain(params)
            join = "&" if "?" in url else "?"
            url += join + urllib.parse.urlencode(_pairs(pairs), doseq=True)
        if check_url(url, self._permit.policy) != host:
            raise Refused("url_invalid", "a secret may not change the host")
        return url, host

    def _headers(self, headers_asked: Any) -> dict[str, str]:
        if headers_asked is None:
            return {}
        if not isinstance(headers_asked, dict) or len(headers_asked) > _HEADERS_MAX:
            raise Refused("header_invalid", f"headers are a dict of at most {_HEADERS_MAX} entries")
        headers: dict[str, str] = {}
        for name, value in headers_asked.items():
            headers[name] = self._masker.fill(value if isinstance(value, str) else str(value))
        return headers

    def _log_in(self, headers: dict[str, str], basic: Any) -> None:
        """Put in the header that stands for this user and password."""
        user, password = (self._masker.fill(str(part)) for part in basic)
        whole = f"{user}:{password}"
        # Never by way of an error's text: it would name a character of the secret.
        latin = all(ord(letter) < _LATIN_BELOW for letter in whole)
        raw = whole.encode("latin-1" if latin else "utf-8")
        for name in [name for name in headers if name.lower() == "authorization"]:
            del headers[name]
        headers["Authorization"] = "Basic " + base64.b64encode(raw).decode()

    def _body(self, message: Mapping[str, Any]) -> tuple[bytes, str]:
        try:
            body, kind = _encode_body(message, self._masker)
        except (ValueError, TypeError) as error:
            raise Refused("body_invalid", f"the body cannot be sent: {error}") from None
        if len(body) > MAX_HTTP_REQUEST_BYTES:
            limit = MAX_HTTP_REQUEST_BYTES // 1024
            raise Refused("body_too_large", f"the body is over {limit} KB")
        return body, kind

    def _check_secrets(self, message: Mapping[str, Any], host: str) -> None:
        # A wildcard would let an event's data choose who receives the secret.
        if _has_placeholder(dict(message)) and not self._permit.policy.names(host):
            text = f"secrets are sent only to hosts listed by name, and {host} is not"
            raise Refused("secret_host_not_listed", text)

    def _send(self, outgoing: _Wanted, waits: _Waits, deadline_s: float) -> dict[str, Any]:
        from runtime.egress.exchange import Request
        from runtime.egress.failures import EgressFailed, EgressRefused

        if self._hanging_names >= _HANGING_NAMES_MAX:
            raise Refused(
                "dns_timeout", "too many names did not resolve in time: no more are tried"
            )
        if self._answerer is None:
            self._answerer = self._network()
        headers = list(outgoing.headers.items())
        request = Request(
            method=outgoing.method, url=outgoing.url, headers=headers, body=outgoing.body
        )
        try:
            answer = self._answerer.send(
                request,
                deadline_s=deadline_s,
                max_answer_bytes=MAX_HTTP_ANSWER_BYTES,
                connect_s=waits.connect_s,
                idle_s=waits.idle_s,
            )
        except (EgressRefused, EgressFailed) as error:
            self._hanging_names += error.code == "dns_timeout"
            raise Refused(error.code, self._masker.text(str(error))) from None
        if answer.truncated:
            raise Refused("answer_too_large", f"the answer is over {MAX_HTTP_ANSWER_BYTES} bytes")
        return {
            "status": answer.status,
            "reason": self._masker.text(answer.reason),
            "headers": [
                [self._masker.text(name), self._masker.text(value)]
                for name, (_, value) in zip(answer.spelled, answer.headers, strict=True)
            ],
            "body": base64.b64encode(self._body_of(answer)).decode(),
        }

    def _network(self) -> Answerer:
        from runtime.egress.client import SyncEgress

        policy = self._permit.policy
        resolver = self._resolver or _shared_resolver(allow_local=policy.allow_local)
        return SyncEgress(policy, resolver=resolver)

    def _body_of(self, answer: Answer) -> bytes:
        """The answer's body, in which no echo of a secret comes into the worker, packed or not."""
        encoding = ",".join(answer.header_values("content-encoding"))
        try:
            return packed.changed(answer.body, encoding, self._masker.bytes)
        except packed.TooLong:
            text = f"the answer is over {packed.MAX_UNPACKED_BYTES} bytes once it is unpacked"
            raise Refused("answer_too_large", text) from None


@functools.cache
def _shared_resolver(*, allow_local: bool) -> Resolver:
    from runtime.egress.policy import EgressPolicy
    from runtime.egress.resolver import Resolver

    return Resolver(EgressPolicy(allow_local=allow_local))


def _has_placeholder(value: Any) -> bool:
    # Value by value, as they are filled in: in their JSON text a tab or a wide blank is escaped.
    if isinstance(value, str):
        return PLACEHOLDER.search(value) is not None
    if isinstance(value, dict):
        return any(_has_placeholder(item) for item in value.values())
    return isinstance(value, list) and any(_has_placeholder(item) for item in value)


def _waits(message: Mapping[str, Any]) -> _Waits:
    connect, idle = message.get("timeouts") or (None, None)
    whole_s = _seconds(message.get("timeout")) or HTTP_DEADLINE_S
    return _Waits(min(whole_s, HTTP_DEADLINE_S), _seconds(connect), _seconds(idle))


def _seconds(seconds: Any) -> float | None:
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    # The shorter one first: an integer may be too long for a float.
    return max(float(min(seconds, HTTP_DEADLINE_S)), _SHORTEST_S) if usable else None


def _quoted(secret: str) -> str:
    return urllib.parse.quote(secret, safe=URL_SAFE)


def check_url(url: str, policy: EgressPolicy) -> str:
    """The host of a URL that this function may call.

    Raises:
        Refused: with the code of `urls.check`.
    """
    from runtime.egress import urls
    from runtime.egress.failures import EgressRefused

    try:
        return urls.check(url, policy).host
    except EgressRefused as problem:
        listed = problem.code == "host_not_allowed"
        advice = ": add it to `http_hosts` of this function" if listed else ""
        raise Refused(problem.code, f"{problem.message}{advice}") from None


def _pairs(params: Any) -> Any:
    if isinstance(params, dict):
        return [(str(key), value) for key, value in params.items() if value is not None]
    if isinstance(params, list):
        return [(str(pair[0]), pair[1]) for pair in params]
    raise Refused("url_invalid", "params are a dict or a list of pairs")


def _encode_body(message: Mapping[str, Any], masker: Masker) -> tuple[bytes, str]:
    if "json" in message:
        filled = masker.fill_plain(message["json"])
        return json.dumps(filled, allow_nan=False).encode(), "application/json"
    data = message.get("data")
    if not isinstance(data, dict):
        return b"", ""
    if "base64" in data:
        return base64.b64decode(data["base64"], validate=True), "application/octet-stream"
    if "form" in data:
        form = urllib.parse.urlencode(_pairs(masker.fill_plain(data["form"])), doseq=True)
        return form.encode(), "application/x-www-form-urlencoded"
    return masker.fill(str(data.get("text", ""))).encode("utf-8"), "text/plain; charset=utf-8"
