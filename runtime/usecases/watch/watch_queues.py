"""Looks at every queue of the installation, and measures what a person must hear of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from runtime.core.watch import queues as rules


class Queues(Protocol):
    """The queues of this installation, by the names that the template gives them."""

    def counts(self) -> Mapping[str, int]:
        """How many messages are in each, waiting or with a worker.

        Raises:
            Transient: SQS does not answer.
        """

    def ages_s(self, names: Iterable[str], /, *, now: datetime) -> Mapping[str, int]:
        """How old the oldest message of these queues is, in seconds, as far as a metric tells it.

        Raises:
            Transient: CloudWatch does not answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchQueues:
    """Watches the queues.

    SQS's own metrics would do, at $0.10 a month for each of twenty queues that an alarm reads. This
    makes two metrics of them all, which are written only while there is trouble.
    """

    queues: Queues
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes a line about the queues in trouble

    def __call__(self) -> int:
        """Look, every few minutes; returns how many queues are in trouble.

        Raises:
            Transient: not every queue could be looked at.
        """
        now = self.clock()
        if not rules.is_due(now):
            return 0
        counts = self.queues.counts()
        asked = rules.worth_asking(counts)
        trouble = rules.judge(counts, self.queues.ages_s(asked, now=now) if asked else {})
        if trouble.measures:
            self.journal(
                {
                    "message": "queues.watched",
                    "dead": trouble.dead or None,
                    "late_s": trouble.late_s or None,
                    "measures_of_all": trouble.measures,
                }
            )
        return len(trouble)
