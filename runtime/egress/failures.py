"""The two ways in which an outbound request comes to nothing."""

from runtime.egress.answer import Answer, Timing
from runtime.errors import BadInput, Transient


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
