"""Posting a webhook: the client's answers and failures as the happenings that core judges."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from runtime.core.deliveries import redact
from runtime.core.deliveries.attempt import Answered, Failed, Posted
from runtime.core.shallow import shallow
from runtime.core.webhooks.access import Access, OAuth2
from runtime.egress.answer import Answer, Timing
from runtime.egress.client import Egress, Request
from runtime.egress.failures import EgressFailed, EgressRefused
from runtime.egress.identity import Identity
from runtime.egress.tokens import Token, Tokens

UNAUTHORIZED: Final = 401
NO_ACCESS: Final = Access()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """One POST with everything that its endpoint asks for, except a token that must be fetched."""

    request: Request
    access: Access
    by_s: float  # its deadline, on the monotonic clock

    @property
    def hidden(self) -> tuple[str, ...]:
        """Secrets that no record may hold, even if the receiver echoes them."""
        signatures = (text for name, text in self.request.headers if name.endswith("-signature"))
        url = redact.secrets_of_url(self.request.url)
        return (*self.access.secrets(), *signatures, *url)

    @property
    def left_s(self) -> float:
        """What remains of the deadline."""
        return max(0.001, self.by_s - time.monotonic())


class Sender:
    """Posts to receivers. What a receiver does is a value; only faults of our own are raised."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._tokens = Tokens(egress=egress)

    async def post(
        self,
        url: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        deadline_s: float,
        access: Access = NO_ACCESS,
    ) -> Posted:
        """What came of posting `body`; the deadline covers fetching a token as well.

        Raises:
            Transient: this machine could not try.
        """
        request = Request(
            method="POST",
            url=url,
            headers=(*headers, *access.headers),
            body=body,
            identity=_identity(access),
        )
        began_s = time.monotonic()
        letter = _Letter(request=request, access=access, by_s=began_s + deadline_s)
        posted = await self._post(letter)
        return replace(posted, duration_ms=round((time.monotonic() - began_s) * 1000))

    def close(self) -> None:
        """Close idle connections."""
        self._egress.close()

    async def _post(self, letter: _Letter) -> Posted:
        login = letter.access.login
        if login is None:
            return await self._send(letter, None)
        if not isinstance(login, OAuth2):
            return await self._send(letter, login.authorization)
        posted, token = await self._with_token(letter, login)
        if _is_unauthorized(posted) and token is not None:
            # The token may have been revoked before its time. That is no fault of the receiver, and
            # one that has just been fetched is not fetched again.
            self._tokens.forget(login, token)
            if token.is_reused:
                posted, _ = await self._with_token(letter, login)
        return posted

    async def _with_token(self, letter: _Letter, login: OAuth2) -> tuple[Posted, Token | None]:
        try:
            token = await self._tokens.get(login, deadline_s=letter.left_s)
        except EgressFailed as problem:
            sentence = _clean(problem, letter.hidden)
            return _posted(Failed(code=problem.code, sentence=sentence), Timing()), None
        posted = await self._send(letter, f"Bearer {token.text}", token.text)
        return posted, token

    async def _send(self, letter: _Letter, authorization: str | None, *also: str) -> Posted:
        request, hidden = letter.request, (*letter.hidden, *also)
        if authorization is not None:
            request = replace(request, headers=(*request.headers, ("authorization", authorization)))
        try:
            answer = await self._egress.send(request, deadline_s=letter.left_s)
        except EgressRefused as problem:
            return _posted(Failed(code=problem.code, sentence=_clean(problem, hidden)), Timing())
        except EgressFailed as problem:
            sentence = _clean(problem, hidden)
            if problem.heard is None:
                return _posted(Failed(code=problem.code, sentence=sentence), problem.timing)
            return _answered(problem.heard, hidden, broken=sentence)
        return _answered(answer, hidden)


def _identity(access: Access) -> Identity | None:
    own = access.certificate
    if own is None:
        return None
    return Identity(certificate=own.certificate, private_key=own.private_key)


def _is_unauthorized(posted: Posted) -> bool:
    happening = posted.happening
    return isinstance(happening, Answered) and happening.status == UNAUTHORIZED


def _clean(problem: EgressFailed | EgressRefused, hidden: Iterable[str]) -> str:
    return redact.cut(problem.message.encode(), hidden).decode()


def _answered(answer: Answer, hidden: Iterable[str], *, broken: str | None = None) -> Posted:
    retry_after = answer.header_values("retry-after")
    happening = Answered(status=answer.status, retry_after=retry_after, broken=broken)
    return _posted(happening, answer.timing, answer=redact.cut(answer.body, hidden))


def _posted(happening: Answered | Failed, timing: Timing, *, answer: bytes = b"") -> Posted:
    parts = {name: round(value, 1) for name, value in shallow(timing).items()}
    return Posted(
        happening=happening, answer=answer, duration_ms=round(timing.total_ms), timing_ms=parts
    )
