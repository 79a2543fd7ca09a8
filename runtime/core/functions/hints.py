"""The queue message for the next attempt of a run, and how long it waits on the queue."""

from runtime.core.functions.messages import RunMessage
from runtime.core.functions.run import Run
from runtime.core.timestamps import moment


def run_hint(run: Run) -> RunMessage:
    """The message that asks for the run's next attempt.

    A run with another attempt to come keeps its event, which the message carries.
    """
    return RunMessage(
        tenant=run.tenant,
        run_id=run.id,
        function=run.function,
        event=run.event or {},
        webhook_id=run.webhook_id,
        attempt=run.attempt + 1,
        version=run.pinned_version,
        replay_id=run.replay_id,
        replayed_after=run.replayed_after,
    )


def hint_delay_s(run: Run, *, queue_delay_max_s: int) -> int | None:
    """How many seconds the hint for the next attempt waits on the queue; None sends no hint.

    A run that has ended needs no hint. A run that waits longer than the queue can hold a message
    gets its hint from the sweep, which finds the run in the due index.
    """
    if run.due_at_ms is None:
        return None
    delay_s = max(0, round(run.due_at_ms / 1000 - moment(run.created_at).timestamp()))
    return delay_s if delay_s <= queue_delay_max_s else None


def is_hinted(run: Run, *, queue_delay_max_s: int) -> bool:
    """Whether the queue was given a hint for the run's next attempt.

    Whoever runs a run again sends its hint at once, however long ago the attempt before it was.
    """
    return run.is_begun_again or hint_delay_s(run, queue_delay_max_s=queue_delay_max_s) is not None
