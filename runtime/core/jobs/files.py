"""Files that jobs read and write, and that callers store and fetch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FileFormat(StrEnum):
    """What a file of people is."""

    CSV = "csv"  # RFC 4180, in UTF-8
    JSONL = "jsonl"  # a JSON object a line, in UTF-8


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request that stores or fetches one file, signed for whoever is given it."""

    method: str  # of HTTP
    url: str  # a credential: whoever has it can make the request until it expires
    expires_at: str  # ISO 8601
    # That the request has to have, exactly, because they are signed too.
    headers: Mapping[str, str] = field(default_factory=dict)
