"""Takes the rows of some people out of gzipped JSON Lines: a raw batch, or a load's discards."""

import gzip
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from runtime.core.archive import people
from runtime.core.archive.raw_log import EncodedBatch, RawBatch
from runtime.core.ids import Key
from runtime.core.json_text import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A batch without the rows of some people."""

    batch: EncodedBatch  # every other row is there, byte for byte
    removed: int  # how many rows are not

    def emptied(self, before: RawBatch) -> "Rewritten":
        """The same without any row; the counts stay, since what had them may be asked for later."""
        nothing = replace(
            self.batch,
            data=gzip.compress(b"", mtime=0),
            digest=hashlib.sha256(b"").hexdigest(),
            counts=before.counts,
            people=people.index(()),
        )
        return replace(self, batch=nothing)


def without(data: bytes, erased: Collection[Key], *, before: RawBatch) -> Rewritten:
    """A stored batch without the rows of these people.

    Args:
        data: the batch's object, gzipped.
        erased: whose rows are taken out.
        before: the batch as the ledger has it. A tenant that had rows in it keeps a count, if it be
            0, because a load of the tenant may have been planned of this batch.
    """
    counts, left = Counter[str](dict.fromkeys(before.counts, 0)), set[Key]()
    kept, removed = list[bytes](), 0
    for line, row in _lines(data):
        person = people.of_row(row)
        # That a profile is deleted stays, with its id and revision: no earlier state may come back.
        if person in erased and not row.get("deleted"):
            removed += 1
            continue
        kept.append(line)
        counts[row["tenant"]] += 1
        if person is not None:
            left.add(person)
    text = b"".join(kept)
    return Rewritten(
        batch=EncodedBatch(
            kind=before.kind,
            data=gzip.compress(text, mtime=0),
            digest=hashlib.sha256(text).hexdigest(),
            counts=dict(sorted(counts.items())),
            people=people.index(left),
        ),
        removed=removed,
    )


def discards_without(data: bytes, profile_ids: Collection[str]) -> tuple[bytes, int]:
    """A tenant's discards without the rows of these profiles, and how many those were.

    A line without the whole row goes, too, since nobody can tell whom it is about: it is from
    before discards had whole rows, and the lake has it.

    Args:
        data: the discards' object, gzipped.
        profile_ids: the ids by which rows name the person.
    """
    lines = list(_lines(data))
    kept = [
        line
        for line, discard in lines
        if "row" in discard and discard["row"].get("profile_id") not in profile_ids
    ]
    return gzip.compress(b"".join(kept), mtime=0), len(lines) - len(kept)


def _lines(data: bytes) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for line in gzip.decompress(data).splitlines(keepends=True):
        yield line, load(line, any_integer=True)
