"""Which people a batch of the raw log or a file of the lake may hold.

An erasure has to find the few batches and files that hold a person among thousands. So each has an
index of its people beside it: four bytes a person, which say "certainly not" or "look and see".
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any, Final

from runtime.core.ids import Key

# Of a hash. An index of a million people says "look and see" for one stranger in 4,300.
ENTRY_BYTES: Final = 4


def index(people: Iterable[Key]) -> bytes:
    """The index of these people: an entry for each, sorted, joined.

    Args:
        people: tenants, each with the id of a profile as rows name it; in any order, repeated or
            not.
    """
    return b"".join(sorted({_entry(person) for person in people}))


def may_hold(index_: bytes | None, people: Iterable[Key]) -> bool:
    """Whether rows of one of these people may be where this is the index.

    Args:
        index_: as `index` made it; None when there is none, as from before there were indexes.
        people: who is looked for.
    """
    return index_ is None or any(_has(index_, _entry(person)) for person in people)


def of_row(row: Mapping[str, Any]) -> Key | None:
    """Whom a raw row is about; None if it is about nobody."""
    profile_id = row.get("profile_id")
    return None if profile_id is None else Key(row["tenant"], profile_id)


def _entry(person: Key) -> bytes:
    return hashlib.sha256("\0".join(person).encode()).digest()[:ENTRY_BYTES]


def _has(index_: bytes, entry: bytes) -> bool:
    place = bisect_left(
        range(len(index_) // ENTRY_BYTES),
        entry,
        key=lambda n: index_[n * ENTRY_BYTES : (n + 1) * ENTRY_BYTES],
    )
    return index_[place * ENTRY_BYTES :].startswith(entry)
