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
    """The record of a run. `due_at_ms` (epoch ms) is set exactly while another attempt is due.

    `error` is `{"type", "message", "traceback"}`, the user's own lines only, with the `findings` if
    it was refused for its source; `webhook_id` is set
    when the function ran as that webhook's transform. `effects` are what it asked for, in order:
    the record is their outbox, so a repeated hint repeats them under the same ids. Output and
    effects too large for the record are kept apart, and empty here until they are opened: `left_at`
    says where, in the store's words. `engine` and `isolation` say what ran the code, and behind
    which layer of the kernel's; both are None when nothing ran it, and in records from before.
    """

    id: str
    tenant: str
    function: str
    version: int
    event_id: str
    topic: str
    outcome: Outcome
    attempt: int
    created_at: str
    duration_ms: float
    webhook_id: str | None = None
    output: Any = None
    error: Mapping[str, Any] | None = None
    logs: tuple[Mapping[str, Any], ...] = ()
    effects: tuple[Mapping[str, Any], ...] = ()
    due_at_ms: int | None = None
    event: Mapping[str, Any] | None = None
    left_at: str | None = None
    engine: Engine | None = None
    isolation: str | None = None

    @property
    def is_unopened(self) -> bool:
        """Whether what it has left is kept apart, and is not here."""
        return self.left_at is not None and self.output is None and not self.effects


class Commit(StrEnum):
    """What became of the attempt to store a run with its profile change."""

    DONE = "done"
    STALE = "stale"  # this attempt, or a later one, is stored already
    PROFILE_CHANGED = "profile_changed"  # somebody else wrote the profile since it was read
