"""CloudEvents' abuse protection: ask a receiver by OPTIONS whether it wants our requests."""

from typing import Final

from runtime.core.formats.cloudevents import ORIGIN
from runtime.egress.answer import Answer
from runtime.egress.client import Request, SyncEgress
from runtime.egress.failures import EgressFailed
from runtime.egress.policy import EgressPolicy
from runtime.errors import BadInput

DEADLINE_S: Final = 5.0  # somebody waits for the API's answer meanwhile
_OK: Final = range(200, 300)


def ask(policy: EgressPolicy, url: str) -> None:
    """Return if the receiver at `url` allows our origin, or any.

    Raises:
        BadInput: `handshake_refused`, or `handshake_failed` when there was no answer.
        EgressRefused: the policy forbids the address.
    """
    request = Request(method="OPTIONS", url=url, headers=(("WebHook-Request-Origin", ORIGIN),))
    egress = SyncEgress(policy)
    try:
        answer = egress.send(request, deadline_s=DEADLINE_S)
    except EgressFailed as problem:
        raise BadInput(
            f"the receiver could not be asked: {problem.message}",
            field="handshake",
            code="handshake_failed",
        ) from problem
    finally:
        egress.close()
    if not _allows(answer):
        raise BadInput(
            f"the receiver answered OPTIONS with {answer.status} and no"
            f" WebHook-Allowed-Origin of {ORIGIN} or *",
            field="handshake",
            code="handshake_refused",
        )


def _allows(answer: Answer) -> bool:
    origins = {value.strip().lower() for value in answer.header_values("webhook-allowed-origin")}
    return answer.status in _OK and not origins.isdisjoint({ORIGIN, "*"})
