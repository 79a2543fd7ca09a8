"""The raw log: immutable batches of mixed tenants, in order of arrival; what every load reads.

A batch is gzipped JSON Lines. Each line is one flat row with its `tenant`; a batch holds rows of
one kind. The nested JSON of a row (`properties`, `profile`) is kept as text, byte for byte, so that
no reader in between can round a number or reorder a key.
"""

import gzip
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from runtime.core.archive import people
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.json_text import dump, load
from runtime.core.profiles import profile
from runtime.core.profiles.profile import Profile

PREFIX: Final = "raw/v1"


class Kind(StrEnum):
    """What the rows of a batch are."""

    EVENTS = "events"
    PROFILES = "profiles"
    DELIVERIES = "deliveries"
    RUNS = "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedBatch:
    """A batch that is ready to be stored."""

    kind: Kind
    data: bytes  # gzip
    digest: str  # SHA-256 of the rows before they were compressed, in hexadecimal
    counts: Mapping[str, int]  # rows by tenant
    people: bytes  # the index of whom the rows are about: see `runtime.core.archive.people`


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBatch:
    """A stored batch. Its object changes only when somebody is erased whose rows it has."""

    seq: int  # its arrival number; numbers have no gaps
    key: str  # of the object in the bucket
    kind: Kind
    digest: str  # as in `EncodedBatch`
    size_bytes: int  # of the object
    # Rows by tenant. 0: the tenant had rows, and whom they were about was erased.
    counts: Mapping[str, int]
    appended_at: str  # ISO 8601
    people: bytes | None = None  # as in `EncodedBatch`; None for a batch of before there were any


def encode_events(events: Sequence[Event]) -> EncodedBatch:
    """The batch of these events; the same events make the same bytes."""
    return encode(Kind.EVENTS, [_event_row(event) for event in events])


def encode_profiles(profiles: Sequence[Profile]) -> EncodedBatch:
    """The batch of these snapshots.

    A profile that is deleted, erased or merged into another leaves its id and revision, and a row
    that says `deleted`: a load then removes what it had.
    """
    return encode(Kind.PROFILES, [_profile_row(snapshot) for snapshot in profiles])


def encode(kind: Kind, batch: Sequence[Mapping[str, Any]]) -> EncodedBatch:
    """The batch of these rows, each flat and with its `tenant`; equal rows make equal bytes."""
    text = "".join(f"{dump(row)}\n" for row in batch).encode()
    return EncodedBatch(
        kind=kind,
        data=gzip.compress(text, mtime=0),
        digest=hashlib.sha256(text).hexdigest(),
        counts=dict(sorted(Counter(row["tenant"] for row in batch).items())),
        people=people.index(filter(None, map(people.of_row, batch))),
    )


def rows(data: bytes) -> list[dict[str, Any]]:
    """The rows of a stored batch."""
    return [load(line, any_integer=True) for line in gzip.decompress(data).splitlines()]


def event(row: Mapping[str, Any]) -> Event:
    """The event that a row was made of, whole."""
    return Event(
        id=row["id"],
        tenant=row["tenant"],
        topic=row["topic"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        origin=row["origin"],
        hops=row["hops"],
        profile=ProfileRef(**load(row["profile"])),
        properties=load(row["properties"], any_integer=True),  # of before the door refused them
    )


def key(batch: EncodedBatch, *, now: datetime) -> str:
    """Where a batch is stored: by hour of arrival, named by what it holds when it arrives."""
    moment = now.astimezone(UTC)
    name = f"{batch.kind}-{batch.digest[:32]}.jsonl.gz"
    return f"{PREFIX}/dt={moment:%Y-%m-%d}/hh={moment:%H}/{name}"


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "tenant": event.tenant,
        "id": event.id,
        "topic": event.topic,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "profile_id": profile.id_of(event),
        "profile": dump(event.profile.to_json()),
        "properties": dump(dict(event.properties)),
        "hops": event.hops,
        "origin": event.origin,
    }


def _profile_row(snapshot: Profile) -> dict[str, Any]:
    is_gone = snapshot.merged_into is not None or snapshot.erased_at is not None
    alive = not (snapshot.deleted or is_gone)
    return {
        "tenant": snapshot.tenant,
        "profile_id": snapshot.id,
        "external_id": snapshot.external_id if alive else None,
        "email": snapshot.email if alive else None,
        "phone": snapshot.phone if alive else None,
        "names": dump(_names(snapshot)) if alive else "[]",
        "merged_into": snapshot.merged_into,
        "properties": dump(snapshot.shown_properties) if alive else "{}",
        "revision": snapshot.revision,
        "deleted": not alive,
        "updated_at": snapshot.updated_at,
    }


def _names(snapshot: Profile) -> list[dict[str, Any]]:
    """Every name that the person goes by, with the id that events have which give it alone.

    The raw log knows an event by that id, whichever profile the name leads to; so events are joined
    to people by it. It is None for a tenant's own kinds, since no event is known by such a name.
    """
    return [
        {
            "kind": name.kind,
            "value": name.value,
            "event_profile_id": profile.id_by(snapshot.tenant, {name.kind: name.value}),
        }
        for name in snapshot.shown_names
    ]
