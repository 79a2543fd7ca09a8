"""What the timelines get of an import."""

from collections.abc import Iterable
from dataclasses import dataclass

from runtime.core.timeline.entry import Entry, EntryKind
from runtime.usecases.ports import TimelineEntries


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTimelines:
    """Timelines in which no row is an event.

    What a row has changed stands in the timeline as a change whose cause is the job. An event
    beside it would be one that nobody can look up, because rows are not kept.
    """

    timelines: TimelineEntries

    def put(self, timeline: Iterable[Entry], /) -> None:
        """Store all entries but events.

        Raises:
            Transient: some of them may not be stored.
        """
        self.timelines.put(each for each in timeline if each.kind is not EntryKind.EVENT)
