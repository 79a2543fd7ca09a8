"""A run: one event through one function version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from runtime.core.functions.function import Engine


class Outcome(StrEnum):
    """How a run ended. The sandbox, the table, the API and the docs use the same words."""

    RETURNED = "returned"
    RAISED = "raised"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    DROPPED = "dropped"
    RETRY = "retry"
    SKIPPED = "skipped"  # nothing ran: the function was disabled or deleted, or a quota used up

    @property
    def failed(self) -> bool:
        """Whether the run did not do what it was to do."""
        return self not in (Outcome.RETURNED, Outcome.DROPPED)


FAILED: Final = frozenset(outcome for outcome in Outcome if outcome.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of a run. It also keeps the effects until they are sent."""

    id: str
    tenant: str
    function: str
    version: int
    event_id: str
    topic: str
    outcome: Outcome
    attempt: int  # from 1
    created_at: str  # ISO 8601, of this attempt
    duration_ms: float  # of this attempt
    webhook_id: str | None = None  # the webhook whose transform it was; None for a trigger
    profile_id: str | None = None  # the profile that the event is about; None when it names none
    source_sha256: str | None = None  # of the version, hexadecimal; None when nothing ran
    # What the code saw: the version of the environment, and of each secret that had a value.
    environment_version: int | None = None  # None when nothing ran
    secret_versions: Mapping[str, int] = field(default_factory=dict)
    canary_id: str | None = None  # the canary that it was part of; None for the live version
    output: Any = None  # what the handler returned, as JSON
    # `type`, `message` and `traceback` (of the user's lines only), and `findings` when the check
    # refused the source. None when the handler returned.
    error: Mapping[str, Any] | None = None
    logs: tuple[Mapping[str, Any], ...] = ()  # in order
    # What the handler asked for, in order. A repeated hint sends the effects again under the same
    # ids.
    effects: tuple[Mapping[str, Any], ...] = ()
    # The requests that the code made: `method`, `host`, `path` without its query, `status` or
    # `error`, and `ms`; in order.
    http_calls: tuple[Mapping[str, Any], ...] = ()
    memory_mb: float | None = None  # the most that the run used, in MiB; None when nothing ran
    due_at_ms: int | None = None  # epoch ms; set exactly while another attempt is due
    event: Mapping[str, Any] | None = None  # the envelope, for the next attempt; None without one
    pinned_version: int | None = None  # what the next attempt runs; None: live or canary
    replay_id: str | None = None  # the job that ran it again last; None for none
    replayed_after: int = 0  # how many attempts were made before its present round
    # The store's own address of output and effects that are too large for the record. Both are
    # empty here until somebody has fetched them. None when they stand in the record.
    left_at: str | None = None
    # What ran the code. None when nothing ran, and in records older than the field.
    engine: Engine | None = None
    isolation: str | None = None  # the kernel's layer around the engine; None as for `engine`

    @property
    def is_conclusive(self) -> bool:
        """Whether it tells how the function does.

        A skipped run does not, because nobody wanted it to be made. Nor does a `RetryError` that
        leads to another attempt: it is the code's own way of waiting. The last one, which leads to
        none, is a failure.
        """
        waits = self.outcome is Outcome.RETRY and self.due_at_ms is not None
        return not waits and self.outcome is not Outcome.SKIPPED

    @property
    def is_begun_again(self) -> bool:
        """Whether somebody runs it again, and the attempt has not been made yet."""
        return self.due_at_ms is not None and self.attempt == self.replayed_after

    @property
    def is_unopened(self) -> bool:
        """Whether output and effects are stored apart and have not been fetched."""
        return self.left_at is not None and self.output is None and not self.effects


class Commit(StrEnum):
    """How the write of a run and of its profile change ended."""

    DONE = "done"
    STALE = "stale"  # this attempt or a later one was stored before
    PROFILE_CHANGED = "profile_changed"  # somebody else wrote the profile since it was read
