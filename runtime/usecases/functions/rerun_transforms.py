"""Run the functions again that could not make their deliveries, or did not want to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.functions.run import Run
from runtime.usecases.functions.run_again import RunAgain


class Runs(Protocol):
    """Stores runs."""

    def find_many(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """The runs that have a record, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunTransforms:
    """Runs transforms again, with the live version of each function and the profiles of now."""

    runs: Runs
    run_again: RunAgain

    def __call__(self, deliveries: Sequence[Delivery], *, replay_id: str) -> frozenset[str]:
        """Begin the runs of deliveries that have nothing to send.

        To call it again for the same job changes nothing.

        Returns:
            The ids of the deliveries whose run this job has begun, now or in an earlier call.

        Raises:
            Transient: not every run was begun, or not every hint was sent; call again.
        """
        run_ids = {
            each.id: ids.run_id(each.tenant, each.event_id, each.webhook_id) for each in deliveries
        }
        runs = self.runs.find_many(run_ids.values())
        mine = self.run_again.resume(runs.values(), replay_id=replay_id)
        todo: dict[str, tuple[Run, int | None]] = {}
        for delivery in deliveries:
            run = runs.get(run_ids[delivery.id])
            if run is not None and run.id not in mine and _may_run_again(delivery, run):
                todo[run.id] = (run, None)
        results = self.run_again(todo, replay_id=replay_id)
        begun = mine | {run_id for run_id, result in results.items() if isinstance(result, Run)}
        return frozenset(each.id for each in deliveries if run_ids[each.id] in begun)


def _may_run_again(delivery: Delivery, run: Run) -> bool:
    """Whether the run has ended with this delivery's end.

    The run of a dead delivery may have succeeded since: then its effects are just being sent.
    """
    return run.due_at_ms is None and (run.outcome.failed or delivery.status is Status.DROPPED)
