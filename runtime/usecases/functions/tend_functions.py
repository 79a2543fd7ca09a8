"""Records how functions do: tells their tenants, ends canaries that fail, and groups errors.

The runs are on record before anything of this begins. A worker that is killed here loses what it
was about to count, and nobody counts it later. A notice that is stored is sent all the same, by the
sweep, and its canary is ended before it is sent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from runtime.core import timestamps
from runtime.core.functions import canary, error_groups, health
from runtime.core.functions.canary import CanaryFailure, Counts
from runtime.core.functions.error_groups import ErrorGroup
from runtime.core.functions.function import Function
from runtime.core.functions.health import Ended, Health, Notice
from runtime.core.ids import Key
from runtime.races import Races
from runtime.usecases.pacing.tending import Healths, Tending
from runtime.usecases.ports import Bus

T = TypeVar("T")


class CanaryCounts(Protocol):
    """Counts the runs of canaries."""

    def add(self, tenant: str, canary_id: str, gain: Counts) -> Counts:
        """Add what a batch counted; returns all that was counted since the canary began."""


class ErrorGroups(Protocol):
    """Stores error groups."""

    def open(self, tenant: str, name: str, group_ids: Iterable[str]) -> frozenset[str]:
        """Open those of the groups that today has room for; returns all of today's."""

    def add(self, gain: ErrorGroup) -> None:
        """Add what a batch gains to its group."""


class EndCanary(Protocol):
    """Ends canaries."""

    def __call__(self, tenant: str, name: str, *, canary_id: str, reason: str, at: str) -> bool:
        """End the canary, with a record of why; one that has ended already stays as it is.

        Returns whether it ended for its failures, now or in an earlier call.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TendFunctions:
    """Records how functions do."""

    healths: Healths[Health]
    counts: CanaryCounts
    groups: ErrorGroups
    end_canary: EndCanary
    bus: Bus
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes a line about each failure
    races: Races = field(default_factory=Races)

    def __call__(self, function: Function, ended: Sequence[Ended]) -> None:
        """Take in how runs of a function ended, after they were stored.

        An error here is logged and not raised, whatever it is: the runs stand, and to make them
        again would mend nothing.
        """
        failure = self._logged(function, lambda: self._judge(function, ended))
        self._logged(function, lambda: self._observe(function, ended, failure))
        self._logged(function, lambda: self._group(function, ended))

    def sweep(self) -> int:
        """Send the notices that were stored but not sent; returns for how many functions.

        Raises:
            Transient: some notices could not be sent, or the index could not be read.
        """
        return self._tending.sweep()

    @property
    def _tending(self) -> Tending[Health]:
        return Tending(
            healths=self.healths,
            key=lambda each: Key(each.tenant, each.function),
            tell=self._tell,
            clock=self.clock,
            races=self.races,
        )

    def _judge(self, function: Function, ended: Sequence[Ended]) -> CanaryFailure | None:
        """Count the runs for the function's canary; returns why it is to end, if it is."""
        gain = canary.count(function, (each.run for each in ended))
        if function.canary is None or not gain.runs:
            return None
        counts = self.counts.add(function.tenant, function.canary.id, gain)
        return canary.failure(function, counts)

    def _observe(
        self, function: Function, ended: Sequence[Ended], failure: CanaryFailure | None
    ) -> None:
        now_ms = self._tending.now_ms()

        def change(stored: Health) -> Health:
            before = health.of_function(stored, function)
            after = health.observe(before, ended, now_ms=now_ms)
            if failure is not None:
                after = health.with_canary_failure(after, failure, ended, now_ms=now_ms)
            return stored if after is before else after

        self._tending.change(Key(function.tenant, function.name), change)

    def _group(self, function: Function, ended: Sequence[Ended]) -> None:
        gains = error_groups.group(
            (each.run for each in ended), function_created_at=function.created_at
        )
        if not gains:
            return
        opened_ids = self.groups.open(function.tenant, function.name, [each.id for each in gains])
        for gain in error_groups.bounded(gains, admitted=opened_ids):
            self.groups.add(gain)

    def _tell(self, current: Health) -> None:
        if not current.notices:
            return
        true = tuple(each for each in current.notices if self._came_true(current, each))
        self.bus.put(health.events(replace(current, notices=true)))
        # If this write loses, another worker changed the record. It sends the notices again, under
        # the same ids.
        self.healths.replace(current, replace(current, notices=()))

    def _came_true(self, current: Health, notice: Notice) -> bool:
        """Whether what the notice tells has happened; what it announces is done first.

        A canary that somebody has promoted or stopped meanwhile did not end for its failures.
        """
        if notice.canary is None:
            return True
        return self.end_canary(
            current.tenant,
            current.function,
            canary_id=notice.canary.canary_id,
            reason=notice.canary.reason,
            at=timestamps.of_epoch_ms(notice.at_ms),
        )

    def _logged(self, function: Function, do: Callable[[], T]) -> T | None:
        try:
            return do()
        except Exception as problem:  # noqa: BLE001 - nothing here may fail runs that are on record
            self.journal(
                {
                    "message": "function.not_tended",
                    "tenant": function.tenant,
                    "function": function.name,
                    "code": getattr(problem, "code", type(problem).__name__),
                }
            )
            return None
