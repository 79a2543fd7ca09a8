"""A request to the store of files that somebody without a key of AWS may make."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request that stores or fetches one file, signed for whoever is given it."""

    method: str  # of HTTP
    url: str  # a credential: whoever has it can make the request until it expires
    expires_at: str  # ISO 8601
    # That the request has to have, exactly, because they are signed too.
    headers: Mapping[str, str] = field(default_factory=dict)
