"""An entry of the audit log: who changed what, when, and what came of it.

    started ──▶ done | refused | unknown

An entry is written before its change is made. So there is no change without an entry, and an entry
that nobody has ended says that its change may have been made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from runtime.core import ids, timestamps
from runtime.core.audit import documents
from runtime.core.events.envelope import MAX_EVENT_BYTES, Event
from runtime.core.events.topics import RESERVED_FAMILY
from runtime.core.json_text import dump

PREFIX: Final = "aud"
TOPICS: Final = RESERVED_FAMILY  # what the topics of our events about changes begin with
# Twice the timeout of the API's function. Until then a call may still be at work; after it, an
# entry that is not ended is one that a killed call has left.
LEASE_MS: Final = 60_000
# In place of a tenant: of an entry about the whole installation. No tenant can be called so.
INSTALLATION: Final = "#installation"
ABANDONED: Final = "abandoned"  # the code of an entry that a killed call has left


class ChangeOutcome(StrEnum):
    """What came of a change."""

    STARTED = "started"  # nothing yet: its call is under way, or was killed a moment ago
    DONE = "done"
    REFUSED = "refused"  # nothing has changed; `code` says why
    UNKNOWN = "unknown"  # a fault on our side: the change may have been made or not


class ActorKind(StrEnum):
    """Who makes changes."""

    API_KEY = "api_key"
    OPERATOR = "operator"  # somebody with AWS credentials for the installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change."""

    id: str  # see `ids.in_time`
    tenant: str  # or `INSTALLATION`
    at: str  # ISO 8601, when it began
    actor_kind: ActorKind
    actor_id: str | None  # the API key's id; None for actors that are no keys
    # The API key's name at that time; for another actor its kind, or its name at AWS.
    actor_name: str
    action: str  # what was done: a noun and a verb, such as `webhook.updated`
    # The id of what was changed; parts of it, such as a function's secret, are named after a slash.
    # None for a thing that was to be created and has no id.
    resource_id: str | None
    request_id: str | None  # the API call's, as in our log; None for a change without a call
    outcome: ChangeOutcome = ChangeOutcome.STARTED
    code: str | None = None  # of the error; None while the change is under way and when it is done
    # The thing as GET showed it just before, as `documents.kept` keeps it; None when there was
    # none, as before a creation.
    before: Mapping[str, Any] | None = None
    # The same right after the change; None when there is none, as after a deletion, and unless it
    # is `DONE`.
    after: Mapping[str, Any] | None = None
    # The names of the fields that differ; empty unless the thing was there before and after.
    changed: tuple[str, ...] = ()
    ended_at: str | None = None  # ISO 8601; None while it is under way
    # Epoch ms from which on the sweep looks after it; None once the tenant has been told, and of an
    # entry about the whole installation, which nobody is told of.
    due_at_ms: int | None = None

    @property
    def resource_kind(self) -> str:
        """What kind of thing was changed: the noun of the action."""
        return self.action.partition(".")[0]

    @property
    def topic(self) -> str:
        """The topic of the event that tells of it."""
        return TOPICS + self.action


def begun(  # noqa: PLR0913 - each is a field of the entry
    *,
    tenant: str,
    at: str,
    unique: str,
    actor_kind: ActorKind,
    actor_id: str | None,
    actor_name: str,
    action: str,
    resource_id: str | None = None,
    request_id: str | None = None,
    before: Mapping[str, Any] | None = None,
) -> Entry:
    """The entry of a change that is about to be made.

    Args: those that are no fields of an entry, or are kept in another form:
        unique: an id of which nobody draws the same, such as `aud_…`.
        before: the thing as GET shows it, whole; None for none.
    """
    return Entry(
        id=ids.in_time(PREFIX, timestamps.epoch_ms(at), unique),
        tenant=tenant,
        at=at,
        actor_kind=actor_kind,
        actor_id=actor_id,
        actor_name=actor_name,
        action=action,
        resource_id=resource_id,
        request_id=request_id,
        before=documents.kept(before),
        due_at_ms=None if tenant == INSTALLATION else due_at_ms(at),
    )


def done(
    entry: Entry,
    *,
    resource_id: str | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    now: str,
) -> Entry:
    """The entry of a change that was made.

    Args:
        entry: as it was begun.
        resource_id: the id of what was changed, which a creation has just given it.
        before: the thing as GET showed it before, whole; None for none.
        after: the thing as GET shows it now, whole; None for none.
        now: ISO 8601.
    """
    return replace(
        entry,
        resource_id=resource_id,
        outcome=ChangeOutcome.DONE,
        before=documents.kept(before),
        after=documents.kept(after),
        changed=documents.changed(before, after),
        ended_at=now,
    )


def refused(entry: Entry, *, code: str, now: str) -> Entry:
    """The entry of a change that was refused, and so not made."""
    return replace(entry, outcome=ChangeOutcome.REFUSED, code=code, ended_at=now)


def unknown(entry: Entry, *, code: str, now: str) -> Entry:
    """The entry of a change that a fault of ours cut short: it may have been made."""
    return replace(entry, outcome=ChangeOutcome.UNKNOWN, code=code, ended_at=now)


def shown(entry: Entry) -> dict[str, Any]:
    """The entry as the API and our events show it."""
    return {
        "id": entry.id,
        "at": entry.at,
        "action": entry.action,
        "resource": {"kind": entry.resource_kind, "id": entry.resource_id},
        "actor": {
            "kind": entry.actor_kind.value,
            "id": entry.actor_id,
            "name": entry.actor_name,
        },
        "request_id": entry.request_id,
        "outcome": entry.outcome.value,
        "code": entry.code,
        "changed": list(entry.changed),
        "ended_at": entry.ended_at,
        "before": entry.before,
        "after": entry.after,
    }


def event(entry: Entry) -> Event:
    """The event that tells of an entry that has ended; the same entry always makes the same event.

    An event that would be too large has neither `before` nor `after`; both are in the entry.
    """
    properties = shown(entry)
    whole = _event(entry, properties)
    if len(dump(whole.to_json()).encode()) <= MAX_EVENT_BYTES:
        return whole
    return _event(entry, {**properties, "before": None, "after": None, "left_out": True})


def _event(entry: Entry, properties: Mapping[str, Any]) -> Event:
    at = entry.ended_at or entry.at
    return Event(
        id=ids.derive("evt", entry.tenant, entry.id),
        tenant=entry.tenant,
        topic=entry.topic,
        occurred_at=at,
        received_at=at,
        origin="system",
        properties=properties,
    )


def due_at_ms(at: str) -> int:
    """Epoch ms from which on the sweep looks after an entry that began then (ISO 8601)."""
    return timestamps.epoch_ms(at) + LEASE_MS
