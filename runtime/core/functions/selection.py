"""Which runs somebody asks for, and how the runs of several functions become one list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.core.functions.run import FAILED, Outcome, Run
from runtime.core.page import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSelection:
    """Which runs of a tenant somebody asks for. None of a field means any value."""

    function: str | None = None
    outcome: Outcome | None = None
    failed: bool = False  # only runs that failed and are not tried again by themselves
    version: int | None = None
    event_id: str | None = None
    profile_id: str | None = None
    topic: str | None = None
    since: str | None = None  # the earliest `created_at`, ISO 8601
    until: str | None = None  # the latest

    @property
    def only_failed(self) -> bool:
        """Whether no run that succeeded is asked for."""
        return self.failed or self.outcome in FAILED

    def takes(self, run: Run) -> bool:
        """Whether `run` is one of them."""
        return (
            self.function in (None, run.function)
            and self.outcome in (None, run.outcome)
            and (not self.failed or (run.outcome.failed and run.due_at_ms is None))
            and self.version in (None, run.version)
            and self.event_id in (None, run.event_id)
            and self.profile_id in (None, run.profile_id)
            and self.topic in (None, run.topic)
            and (self.since or "") <= run.created_at
            and (self.until is None or run.created_at <= self.until)
        )


def merged(pages: Sequence[Page[Run]], *, position: Callable[[Run], str], limit: int) -> Page[Run]:
    """One page of several lists that begin at the same position, the newest first.

    A list that goes on says from which position on it is not known yet. What is older than that
    must wait, whichever list it is from: the unknown runs may come before it.

    Args:
        pages: one page of each list; any of them may be short and not the last.
        position: where a run stands in its list; the positions of all lists are ordered as texts.
        limit: how many runs the page has at most.
    """
    known_from = max((page.after for page in pages if page.after is not None), default="")
    runs = sorted((run for page in pages for run in page.items), key=position, reverse=True)
    runs = [run for run in runs if position(run) >= known_from]
    if len(runs) > limit:
        return Page(items=tuple(runs[:limit]), after=position(runs[limit - 1]))
    return Page(items=tuple(runs), after=known_from or None)
