"""Recorded answers: they stand for the network while a case is run."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from runtime.egress.answer import Answer
from runtime.egress.exchange import Request, check_headers
from runtime.egress.failures import EgressFailed

NOT_RECORDED: Final = "not_recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """What the calls of one method and URL are answered."""

    method: str  # in capitals
    url: str  # whole, with its query; or its beginning, with * at the end
    status: int | None  # of the answer; None for a call that fails
    error: str | None = None  # the code with which the call fails; None for a call that is answered
    headers: tuple[tuple[str, str], ...] = ()  # with names as the receiver spelled them
    body: bytes = b""
    times: int | None = None  # how many calls it answers; None for any number

    def answers(self, request: Request) -> bool:
        """Whether this is the answer to a request's method and URL."""
        beginning = self.url.removesuffix("*")
        is_beginning = beginning != self.url
        fits = request.url.startswith(beginning) if is_beginning else request.url == self.url
        return fits and request.method == self.method


class RecordedAnswers:
    """Answers each call of a run by the first recorded answer that fits and is not used up.

    Attributes:
        unanswered: method and URL of each call without a recorded answer.
    """

    def __init__(self, recorded: Sequence[RecordedAnswer]) -> None:
        self._recorded = recorded
        self._used: Counter[int] = Counter()
        self.unanswered: list[tuple[str, str]] = []

    def send(self, request: Request, *, max_answer_bytes: int, **_waits: Any) -> Answer:
        """The recorded answer to a request.

        Raises:
            EgressRefused: a header of the request is one that the cloud refuses.
            EgressFailed: with the recorded code, or `not_recorded`.
        """
        check_headers(request)
        for number, each in enumerate(self._recorded):
            is_left = each.times is None or self._used[number] < each.times
            if is_left and each.answers(request):
                self._used[number] += 1
                return _given(each, max_answer_bytes)
        self.unanswered.append((request.method, request.url))
        what = f"the case records no answer to {request.method} {request.url}"
        raise EgressFailed(NOT_RECORDED, what)


def snippet(method: str, url: str) -> str:
    """An entry for `http` of a case that would answer this call."""
    entry = {"method": method, "url": url, "status": 200, "json": {}}
    return json.dumps(entry, ensure_ascii=False)


def _given(recorded: RecordedAnswer, max_answer_bytes: int) -> Answer:
    if recorded.status is None:
        code = recorded.error or NOT_RECORDED
        raise EgressFailed(code, f"the case records that this call fails: {code}")
    return Answer(
        status=recorded.status,
        headers=tuple((name.lower(), value) for name, value in recorded.headers),
        spelled=tuple(name for name, _ in recorded.headers),
        body=recorded.body[:max_answer_bytes],
        truncated=len(recorded.body) > max_answer_bytes,
    )
