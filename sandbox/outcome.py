"""How one event ended, in the words of the public contract."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Outcome(StrEnum):
    """The ways in which a run can end; there are no others."""

    RETURNED = "returned"
    RAISED = "raised"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    DROPPED = "dropped"
    RETRY = "retry"


@dataclass(slots=True)
class Result:
    """What happened to one event. The parent fills it in, after it has checked each frame."""

    run_id: str
    # `seccomp`, `rlimit` or `weak`: the layer that was around the worker.
    isolation: str
    # `wasm` or `restricted`.
    engine: str
    outcome: Outcome = Outcome.RETURNED
    # The returned value, as JSON; None for every other outcome.
    output: Any = None
    # `type`, `message` and `traceback` of what ended the run; None if it returned.
    error: dict[str, str] | None = None
    # Why the source was refused; empty for every other outcome.
    findings: list[dict[str, Any]] = field(default_factory=list)
    # `message`, `fields` and `at_ms` (milliseconds since the event began) of each log entry; the
    # entry that says that the log is cut there has `cut: true`.
    logs: list[dict[str, Any]] = field(default_factory=list)
    # What the run asked the platform to do, in its order.
    effects: list[dict[str, Any]] = field(default_factory=list)
    # The http calls that the run tried to make, in order, as `http_calls.call` writes them.
    http: list[dict[str, Any]] = field(default_factory=list)
    # The worker's peak of memory above an empty worker's, until this event's end, in MiB. The
    # events of one batch share a worker, so a later event's peak is never below an earlier one's.
    # None when nothing ran, or when the kernel does not say.
    memory_mb: float | None = None
    # Milliseconds of wall clock.
    duration_ms: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The result as a JSON object, as the public contract writes it."""
        return {
            "run_id": self.run_id,
            "outcome": self.outcome.value,
            "output": self.output,
            "error": self.error,
            "findings": self.findings,
            "logs": self.logs,
            "effects": self.effects,
            "http": self.http,
            "memory_mb": self.memory_mb,
            "duration_ms": self.duration_ms,
            "isolation": self.isolation,
            "engine": self.engine,
        }


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean_text(text: str, max_chars: int) -> str:
    """The text made safe for any log: at most `max_chars`, no control characters, no surrogates.

    Newlines and tabs become their escapes, so that no part of the text looks like another log line.
    """
    if len(text) <= max_chars and text.isascii() and text.isprintable():
        return text
    short = text[: max_chars * 2].encode("utf-8", "replace").decode("utf-8")
    short = short.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    short = _CONTROL.sub("\ufffd", short)
    return short if len(short) <= max_chars else short[: max_chars - 1] + "…"
