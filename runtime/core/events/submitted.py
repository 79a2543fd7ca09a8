"""Events as callers of the API submit them: Penstock sets the tenant, and what else it knows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from runtime.core.events import envelope, topics
from runtime.core.events.envelope import Event
from runtime.errors import BadInput

_RESERVED: Final = frozenset({"received_at", "origin", "hops"})


def parse(
    raw: object,
    *,
    tenant: str,
    new_id: Callable[[str], str],
    now: str,
    may_be_whole: bool = False,
) -> Event:
    """Read an event that a caller of the API has submitted.

    Args:
        raw: the decoded JSON.
        tenant: the caller's. An event that names another tenant is refused.
        new_id: makes an id for an event without one.
        now: ISO 8601 UTC, when the event came.
        may_be_whole: whether it may have what Penstock sets otherwise, as an event that is shown.

    Raises:
        BadInput: the event is malformed or too large, has a topic that only Penstock sends, or sets
            a field that Penstock sets.
    """
    if isinstance(raw, Mapping) and not may_be_whole:
        topics.check_sendable(raw.get("topic"))
    reserved = frozenset() if may_be_whole else _RESERVED
    whole = _completed(raw, tenant=tenant, new_id=new_id, reserved=reserved)
    event = envelope.parse(whole, now=now, origin="api")
    # No event has come later than now. One that said so would be the newest of its topic for as
    # long as it is kept.
    return replace(event, received_at=min(event.received_at, now))


def _completed(
    raw: object, *, tenant: str, new_id: Callable[[str], str], reserved: frozenset[str]
) -> object:
    if not isinstance(raw, Mapping):
        return raw
    set_by_us = sorted(reserved & set(raw))
    if raw.get("tenant", tenant) != tenant:
        set_by_us.append("tenant")
    if set_by_us:
        raise BadInput(
            "is set by Penstock; leave it out", field=set_by_us[0], code="reserved_field"
        )
    added: dict[str, Any] = {"tenant": tenant}
    if raw.get("id") is None:
        added["id"] = new_id("evt")
    return {**raw, **added}


def is_same(event: Event, kept: Event) -> bool:
    """Whether an event that was just submitted says the same as the one kept under its id.

    An event that was submitted without a time of its own happened when it came, so its time says
    nothing.
    """
    has_own_time = event.occurred_at != event.received_at
    return (
        (event.topic, event.profile) == (kept.topic, kept.profile)
        and dict(event.properties) == dict(kept.properties)
        and (not has_own_time or event.occurred_at == kept.occurred_at)
    )
