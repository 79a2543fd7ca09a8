"""A run: one event through one function version."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from runtime.core.functions.function import Engine


class Outcome(StrEnum):
    """How a run ended; the sandbox's own words, the same in the table, the API and the docs."""

    RETURNED = "returned"
    RAISED = "raised"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    DROPPED = "dropped"
    RETRY = "retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of a run, and the outbox of its effects."""

    id: str
    tenant: str
    function: str
    version: int
    event_id: str
    topic: str
    outcome: Outcome
    attempt: int  # from 1
    created_at: str  # ISO 8601, of this attempt
    duration_ms: float
    webhook_id: str | None = None  # the webhook whose transform it was; None for a trigger
    output: Any = None  # what the handler returned, as JSON
    # `type`, `message` and `traceback`, which has the user's lines only; also `findings` when the
    # source was refused. None when it returned.
    error: Mapping[str, Any] | None = None
    logs: tuple[Mapping[str, Any], ...] = ()
    # What it asked for, in order. A repeated hint sends them again, under the same ids.
    effects: tuple[Mapping[str, Any], ...] = ()
    due_at_ms: int | None = None  # epoch ms; set exactly while another attempt is due
    event: Mapping[str, Any] | None = None  # the envelope, for the next attempt; None without one
    # Where output and effects rest that are too large for the record, in the store's words. Both
    # are empty here until somebody has opened them.
    left_at: str | None = None
    engine: Engine | None = None  # None when nothing ran, and in records from before
    isolation: str | None = None  # the kernel's layer around it; None likewise

    @property
    def is_unopened(self) -> bool:
        """Whether output and effects are stored apart and have not been fetched."""
        return self.left_at is not None and self.output is None and not self.effects


class Commit(StrEnum):
    """Whether a run and its change of a profile could be stored."""

    DONE = "done"
    STALE = "stale"  # this attempt, or a later one, is stored already
    PROFILE_CHANGED = "profile_changed"  # somebody else wrote the profile since it was read
