"""How one event ended, in the words of the public contract."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final


class Outcome(StrEnum):
    """Closed set: everything that a run can end as."""

    RETURNED = "returned"
    RAISED = "raised"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    DROPPED = "dropped"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has to say about one place of a source.

    Attributes:
        line: from 1; 0 where the whole source is meant.
        column: from 1; 0 where the whole line is meant.
        code: stable name of the kind.
        message: what is wrong, in words.
        hint: what to write instead; empty where there is no advice.
        severity: `error`: the source is refused; `hint`: it may be published all the same.
    """

    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"

    def to_json(self) -> dict[str, Any]:
        """As the public contract writes it."""
        return asdict(self)


@dataclass(slots=True)
class Result:
    """What happened to one event; the parent fills it, the child only proposes."""

    run_id: str
    isolation: str
    engine: str
    outcome: Outcome = Outcome.RETURNED
    output: Any = None
    error: dict[str, str] | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    duration_ms: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As the public contract writes it."""
        return {
            "run_id": self.run_id,
            "outcome": self.outcome.value,
            "output": self.output,
            "error": self.error,
            "findings": self.findings,
            "logs": self.logs,
            "effects": self.effects,
            "duration_ms": self.duration_ms,
            "isolation": self.isolation,
            "engine": self.engine,
        }


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean_text(text: str, max_chars: int) -> str:
    """Text that is safe in any log: no control characters, no surrogates, and short.

    Newlines and tabs become their escapes, so that no line of it can pass for another log line.
    """
    if len(text) <= max_chars and text.isascii() and text.isprintable():
        return text
    short = text[: max_chars * 2].encode("utf-8", "replace").decode("utf-8")
    short = short.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    short = _CONTROL.sub("\ufffd", short)
    return short if len(short) <= max_chars else short[: max_chars - 1] + "…"
