"""What a check says about one place in a source, on either engine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check says about one place in a source."""

    # Counted from 1; 0 for a finding about the whole source.
    line: int
    # Counted from 1; 0 for a finding about the whole line.
    column: int
    # The name of the kind of finding; it stays the same when the message is reworded.
    code: str
    # What is wrong, in words.
    message: str
    # What to write instead; empty if there is no advice.
    hint: str = ""
    # `error`: the source is refused. `hint`: it may be published all the same.
    severity: str = "error"

    def to_json(self) -> dict[str, Any]:
        """The finding as a JSON object, as the public contract writes it."""
        return asdict(self)
