"""What the raw log says of a run: how its last attempt ended, and nothing that the code made.

A row has ids, times, counts, codes and the class of an error. It has no output, no log and no
message of an error, since any of them may hold a person's data.
"""

from dataclasses import dataclass
from typing import Any

from runtime.core.functions.error_groups import MAX_TYPE_CHARS
from runtime.core.functions.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """A run as it stood before and after one write of its record."""

    before: Run | None  # None for a new record
    after: Run
    at: str  # when it was written, ISO 8601; as the table's stream says, to the second or better


def of(change: RunChange) -> dict[str, Any] | None:
    """How the run's last attempt ended; None when the change is no attempt.

    The number of the attempt is the row's revision too: nothing else changes what the row says.
    """
    run = change.after
    if change.before is not None and change.before.attempt == run.attempt:
        return None
    return {
        "tenant": run.tenant,
        "run_id": run.id,
        "function_name": run.function,
        "function_version": run.version,  # 0 when no version could run
        "webhook_id": run.webhook_id,  # the webhook whose transform it was; None for a trigger
        "event_id": run.event_id,
        "topic": run.topic,
        "outcome": str(run.outcome),
        "attempts": run.attempt,
        "last_attempt_at": run.created_at,
        "duration_ms": run.duration_ms,  # of the last attempt
        "engine": None if run.engine is None else str(run.engine),  # None when nothing ran
        "error_type": _error(run, "type"),  # the class of an exception, or a word of ours
        "error_code": _error(run, "code"),  # of a refusal, such as `bad_topic`
        "revision": run.attempt,
        "updated_at": change.at,
    }


def _error(run: Run, name: str) -> str | None:
    """A word of the run's error; None when it has none."""
    word = None if run.error is None else run.error.get(name)
    return word[:MAX_TYPE_CHARS] if isinstance(word, str) and word else None
