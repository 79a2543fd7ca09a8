"""The two ways in which an outbound request comes to nothing, and how long each part took."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.errors import BadInput, Transient

if TYPE_CHECKING:
    from runtime.egress.exchange import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Where the time went, in milliseconds; a part that did not happen took 0."""

    dns_ms: float = 0.0
    connect_ms: float = 0.0
    tls_ms: float = 0.0
    first_byte_ms: float = 0.0
    total_ms: float = 0.0
    reused: bool = False


class EgressRefused(BadInput):
    """We will not make this request, whatever the network says; the caller must change it."""

    code = "url_invalid"

    def __init__(self, code: str, sentence: str, *, field: str = "url") -> None:
        super().__init__(sentence, field=field, code=code)


class EgressFailed(Transient):
    """The request was tried and brought no complete answer.

    Attributes:
        heard: what had come of the answer before it broke off; None when its status had not.
        timing: how long each part took until then.
    """

    code = "unavailable"

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence, code=code)
        self.heard: Answer | None = None
        self.timing = Timing()
