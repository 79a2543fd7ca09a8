"""The queue message for the next attempt of a run, and how long it waits on the queue."""

from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run import Run
from runtime.core.timestamps import moment


def run_hint(run: Run) -> RunMessage:
    """The message for the run's next attempt; a run that has one keeps its event."""
    return RunMessage(
        tenant=run.tenant,
        run_id=run.id,
        function=run.function,
        event=run.event or {},
        webhook_id=run.webhook_id,
        attempt=run.attempt + 1,
    )


def hint_delay_s(run: Run, *, queue_delay_max_s: int) -> int | None:
    """Seconds that the hint for the run's next attempt waits on the queue; None without a hint.

    There is none when the run has ended, or waits longer than the queue can: the sweep then finds
    it in the due index.
    """
    if run.due_at_ms is None:
        return None
    delay_s = max(0, round(run.due_at_ms / 1000 - moment(run.created_at).timestamp()))
    return delay_s if delay_s <= queue_delay_max_s else None
