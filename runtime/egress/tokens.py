"""OAuth2 client credentials: tokens fetched through the guard, kept while they last."""

import asyncio
import json
import re
import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from runtime.core.webhooks.access import OAuth2
from runtime.egress.answer import Answer
from runtime.egress.client import Egress, Request
from runtime.egress.failures import EgressFailed, EgressRefused
from runtime.freshness import is_fresh

MAX_TOKENS: Final = 500  # the one that is asked for least is dropped
FETCH_S: Final = 10.0  # one fetch serves all who wait for it, so it has a deadline of its own
UNKNOWN_LIFE_S: Final = 300.0  # of a token whose answer does not say it, or says nonsense
MAX_LIFE_S: Final = 31_536_000.0  # a year: what is longer is nonsense, too
MARGIN_S: Final = 30.0  # a token must outlast the request that carries it
MAX_TOKEN_CHARS: Final = 8192
_TOKEN: Final = re.compile(rf"[\x21-\x7e]{{1,{MAX_TOKEN_CHARS}}}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")  # `isdigit` takes "²" for a digit, and `int` does not
_ERROR: Final = re.compile(r"[a-z_]{1,64}")  # RFC 6749's codes; descriptions may repeat secrets
_OK: Final = 200


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """An access token, in the words of RFC 6750."""

    text: str
    fetched_at_s: float  # epoch seconds
    life_s: float  # how long it may be used from then on
    is_reused: bool = False  # whether it was fetched for an earlier request


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """One token for each set of credentials; endpoints with the same credentials share it."""

    egress: Egress
    seconds: Callable[[], float] = time.time
    _tokens: "OrderedDict[OAuth2, Token]" = field(default_factory=OrderedDict)
    _fetching: "dict[OAuth2, asyncio.Task[Token]]" = field(default_factory=dict)

    async def get(self, login: OAuth2, *, deadline_s: float) -> Token:
        """A token that is still good.

        Raises:
            EgressFailed: `oauth_failed`: the token endpoint gives none in time.
        """
        token = self._tokens.get(login)
        if token is not None and self._is_good(token):
            self._tokens.move_to_end(login)
            return replace(token, is_reused=True)
        task = self._fetching.get(login)
        if task is None:
            task = self._fetching[login] = asyncio.create_task(self._fetch(login))
            # Asks for the failure, too: when every waiter has run out of time, nobody else does,
            # and asyncio would log it.
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            # Shielded: a waiter that runs out of time must not cancel what others wait for.
            return await asyncio.wait_for(asyncio.shield(task), deadline_s)
        except TimeoutError as problem:
            raise _failed(f"did not answer within {deadline_s:.3g} s") from problem

    def forget(self, login: OAuth2, token: Token) -> None:
        """Never use `token` again: the receiver has refused it."""
        current = self._tokens.get(login)
        if current is not None and current.text == token.text:
            del self._tokens[login]

    def _is_good(self, token: Token) -> bool:
        return is_fresh(token.fetched_at_s, now_s=self.seconds(), for_s=token.life_s)

    async def _fetch(self, login: OAuth2) -> Token:
        try:
            answer = await self.egress.send(_request(login), deadline_s=FETCH_S)
            token = self._read(answer)
        except (EgressFailed, EgressRefused) as problem:
            if problem.code == "oauth_failed":
                raise
            raise _failed(f"cannot be reached: {problem.message}") from problem
        finally:
            del self._fetching[login]
        self._tokens[login] = token
        while len(self._tokens) > MAX_TOKENS:
            self._tokens.popitem(last=False)
        return token

    def _read(self, answer: Answer) -> Token:
        document = _document(answer.body)
        if answer.status != _OK:
            code = document.get("error")
            detail = f" ({code})" if isinstance(code, str) and _ERROR.fullmatch(code) else ""
            raise _failed(f"answered {answer.status}{detail}")
        text, kind = document.get("access_token"), document.get("token_type", "bearer")
        if not isinstance(text, str) or not _TOKEN.fullmatch(text):
            raise _failed("answered without an access_token")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise _failed("gave a token that is not a bearer token")
        return Token(text, self.seconds(), _life_s(document.get("expires_in")))


def _request(login: OAuth2) -> Request:
    form = {"grant_type": "client_credentials"}
    headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/json"),
    ]
    if login.scope is not None:
        form["scope"] = login.scope
    if login.audience is not None:
        form["audience"] = login.audience
    if login.in_body:
        form |= {"client_id": login.client_id, "client_secret": login.client_secret}
    else:
        # RFC 6749 2.3.1: each is form-encoded before the two are joined.
        pair = f"{quote_plus(login.client_id)}:{quote_plus(login.client_secret)}"
        headers.append(("authorization", f"Basic {b64encode(pair.encode()).decode()}"))
    return Request(
        method="POST", url=login.token_url, headers=headers, body=urlencode(form).encode()
    )


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _life_s(expires_in: object) -> float:
    """How long a token may be used, less a margin, from what its answer says."""
    if isinstance(expires_in, str) and _SECONDS.fullmatch(expires_in):
        expires_in = int(expires_in)
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float):
        return UNKNOWN_LIFE_S
    if not 0 < expires_in <= MAX_LIFE_S:  # nor is NaN between the two
        return UNKNOWN_LIFE_S
    return max(expires_in - MARGIN_S, expires_in / 2)


def _failed(what: str) -> EgressFailed:
    return EgressFailed("oauth_failed", f"the token endpoint {what}")
