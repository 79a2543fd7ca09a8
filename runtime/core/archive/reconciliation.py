"""Which profiles are compared on a day with what was archived of them, and which of it was lost.

A sample says how the profiles of a part of all ids stood on its day. It is compared a day later:
whatever the stream had to tell of them, it has told or forgotten by then.
"""

import gzip
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from runtime.core import ids
from runtime.core.json_text import dump, load
from runtime.core.timestamps import moment
from runtime.errors import BadInput

_BEGINNINGS: Final = ids.parts("prf")
PARTS: Final = len(_BEGINNINGS)  # in as many days each profile is compared once
FIRST_ID: Final = "!"  # no id sorts before it
LAST_ID: Final = "\x7f"  # nor behind it


class IdRange(NamedTuple):
    """The ids of a part, both ends included."""

    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How some profiles of a tenant stood on a day."""

    day: date
    revisions: Mapping[str, int]  # by profile id

    @property
    def part(self) -> IdRange:
        """The ids that it was taken of."""
        return part_of(self.day)


def part_of(day: date) -> IdRange:
    """The part of all ids that a sample of the day is taken of.

    Most ids are hashes, so parts are about equal. Ids of another form, which callers have chosen,
    are in the first part or the last.
    """
    number = day.toordinal() % PARTS
    first = FIRST_ID if number == 0 else _BEGINNINGS[number]
    last = LAST_ID if number == PARTS - 1 else _BEGINNINGS[number + 1]
    return IdRange(first, last)


def lost(sample: Sample, archived: Mapping[str, int]) -> frozenset[str]:
    """The ids of the profiles of which no state as late as the sample's was archived.

    Args:
        sample: of a day ago.
        archived: the highest revision that was archived, by profile id.
    """
    return frozenset(
        profile_id
        for profile_id, revision in sample.revisions.items()
        if archived.get(profile_id, 0) < revision
    )


def is_due(sample: Sample, *, begun_at: str) -> bool:
    """Whether a sync has had the time to get every profile, so that what it lacks was lost.

    A new sync begins with what the raw log still keeps. Profiles that have not changed for longer
    come to it by these comparisons, and each takes part in one within PARTS days.

    Args:
        sample: that lacks something.
        begun_at: when the sync was made, ISO 8601.
    """
    begun: datetime = moment(begun_at)
    return begun.date() + timedelta(days=PARTS + 1) < sample.day


def in_turn(tenants: Iterable[str], *, day: date) -> Sequence[str]:
    """The tenants, beginning further on each day, so that none is always the last."""
    ordered = sorted(tenants)
    start = day.toordinal() % len(ordered) if ordered else 0
    return (*ordered[start:], *ordered[:start])


def encode(sample: Sample) -> bytes:
    """A sample as it is stored."""
    raw = {"day": sample.day.isoformat(), "revisions": dict(sample.revisions)}
    return gzip.compress(dump(raw).encode(), mtime=0)


def decode(data: bytes) -> Sample:
    """A stored sample.

    Raises:
        BadInput: code `bad_sample`: it is none.
    """
    try:
        raw = load(gzip.decompress(data))
        return Sample(day=date.fromisoformat(raw["day"]), revisions=raw["revisions"])
    except (EOFError, KeyError, OSError, TypeError, ValueError, zlib.error, BadInput) as problem:
        raise BadInput(
            f"the stored sample cannot be read: {type(problem).__name__}", code="bad_sample"
        ) from problem
