"""Posting a webhook: the client's answers and failures as the happenings that core judges."""

from collections.abc import Sequence
from dataclasses import asdict

from runtime.core.attempt import Answered, Failed, Posted
from runtime.egress.client import Egress, Request
from runtime.egress.failures import EgressFailed, EgressRefused, Timing


class Sender:
    """Posts to receivers; whatever a receiver does is a value, only our own faults are raised."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def post(
        self, url: str, *, headers: Sequence[tuple[str, str]], body: bytes, deadline_s: float
    ) -> Posted:
        """What came of posting `body`.

        Raises:
            Transient: this machine could not try.
        """
        request = Request(method="POST", url=url, headers=headers, body=body)
        try:
            answer = await self._egress.send(request, deadline_s=deadline_s)
        except (EgressFailed, EgressRefused) as problem:
            timing = problem.timing if isinstance(problem, EgressFailed) else Timing()
            return _posted(Failed(code=problem.code, sentence=problem.message), timing)
        happening = Answered(status=answer.status, retry_after=answer.header_values("retry-after"))
        return _posted(happening, answer.timing, answer=answer.body)

    def close(self) -> None:
        """Close idle connections."""
        self._egress.close()


def _posted(happening: Answered | Failed, timing: Timing, *, answer: bytes = b"") -> Posted:
    parts = {name: round(value, 1) for name, value in asdict(timing).items()}
    return Posted(
        happening=happening, answer=answer, duration_ms=round(timing.total_ms), timing_ms=parts
    )
