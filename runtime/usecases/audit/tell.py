"""Tell a tenant of a change that has ended, by an event on the bus."""

from runtime.core.audit.entry import Entry, event
from runtime.usecases.audit.ports import Entries
from runtime.usecases.ports import Bus


def tell(ended: Entry, *, bus: Bus, entries: Entries) -> None:
    """Put the event about an entry that has ended onto the bus, and note in the log that it is.

    Whoever is killed before the note has the event put again, under the same id.

    Raises:
        Transient: the event may not be on the bus, or the note not be written.
    """
    bus.put([event(ended)])
    entries.note_told(ended)
