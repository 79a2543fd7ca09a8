"""What comes back of an outbound request, and how long each part took."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Where the time went, in milliseconds; a part that did not happen took 0."""

    dns_ms: float = 0.0
    connect_ms: float = 0.0
    tls_ms: float = 0.0
    first_byte_ms: float = 0.0
    total_ms: float = 0.0
    reused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. Header names are lower case; `truncated` when the body was longer.

    Attributes:
        reason: the receiver's words for the status.
        spelled: the headers' names, in the same order, as the receiver wrote them.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool = False
    reason: str = ""
    spelled: tuple[str, ...] = ()
    timing: Timing = field(default_factory=Timing)

    def header_values(self, name: str) -> tuple[str, ...]:
        """Every value of `name` (lower case), in order."""
        return tuple(value for key, value in self.headers if key == name)
