"""Entries of timelines for tests: valid by default, any field by keyword."""

from dataclasses import replace
from typing import Any

from runtime.core.timeline.entry import Entry, EntryKind
from tests.builders import NOW, TENANT


def an_entry(**changes: Any) -> Entry:
    """That an event came."""
    entry = Entry(
        id="evt_1",
        tenant=TENANT,
        profile_id="prf_1",
        kind=EntryKind.EVENT,
        at=NOW,
        recorded_at=NOW,
        topic="message.email.clicked",
    )
    return replace(entry, **changes)
