"""Which profile each name leads to: a row a name, whose key is a salted hash of it.

No name stands in the table in the clear. When a person is erased, the rows of his names stay, and
say so: whoever sends the name again is told without anybody keeping it.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from runtime.core.profiles.change import Erased, Merge, NameMove
from runtime.core.profiles.names import Name
from runtime.core.timestamps import timestamp
from runtime.stores.profiles import items
from runtime.stores.profiles.salts import Salts
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table

BELIEVED: Final = 50_000  # names that a process keeps; about 10 MB


class NameKey(NamedTuple):
    """A name in one tenant."""

    tenant: str
    name: Name


Target = str | Erased  # the id of a profile, or that its person was erased


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRows:
    """Names, and what was merged because of them.

    A row changes only in one transaction with its profile, which lists the name too. So what a
    process remembers of a row needs no date: the profile, which is read anyway, says whether the
    name still leads to it.
    """

    table: Table
    salts: Salts
    _believed: OrderedDict[NameKey, str] = field(default_factory=OrderedDict)

    def believed(self, wanted: Iterable[NameKey]) -> dict[NameKey, str]:
        """What this process remembers, by name; the profile must confirm it."""
        return {key: self._believed[key] for key in wanted if key in self._believed}

    def find_many(self, wanted: Iterable[NameKey]) -> dict[NameKey, Target]:
        """What those of the names lead to that have a row, strongly read."""
        by_pk = {self._pk(key): key for key in wanted}
        rows = self.table.get_many({"pk": pk} for pk in by_pk)
        return {by_pk[row["pk"]["S"]]: _target(row) for row in rows}

    def believe(self, key: NameKey, profile_id: str) -> None:
        """Remember what a profile has confirmed."""
        self._believed[key] = profile_id
        self._believed.move_to_end(key)
        if len(self._believed) > BELIEVED:
            self._believed.popitem(last=False)

    def doubt(self, keys: Iterable[NameKey]) -> None:
        """Forget what is remembered of these names."""
        for key in keys:
            self._believed.pop(key, None)

    def move(self, tenant: str, move: NameMove) -> Any:
        """The write that lets a name lead elsewhere, for a transaction to contain."""
        pk = {"pk": self._pk(NameKey(tenant, move.name))}
        if move.to is None:
            return self.table.delete(pk, "profile_id = :was", was=move.was or "")
        item = {**codec.key({**pk, "profile_id": move.to}), **codec.key({"tenant": tenant})}
        if move.was is None:
            return self.table.put(item, "attribute_not_exists(pk)")
        return self.table.put(item, "profile_id = :was", was=move.was)

    def erase(self, key: NameKey, *, was: str, now: str) -> Any:
        """The write that keeps a name from leading to anybody ever again, for a transaction."""
        # The id is called otherwise, so that no other worker's write takes the row for a live one.
        item = {"pk": self._pk(key), "tenant": key.tenant, "erased_at": now, "erased_id": was}
        return self.table.put(codec.key(item), "profile_id = :was", was=was)

    def hashed(self, tenant: str, *parts: str) -> str:
        """The salted hash of parts, from which nobody without the salt can guess them."""
        text = "\0".join((tenant, *parts)).encode()
        return hashlib.sha256(self.salts.of(tenant) + text).hexdigest()

    def _pk(self, key: NameKey) -> str:
        return keys.name(self.hashed(key.tenant, *key.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRecords:
    """Profiles as they stood before they were merged, for as long as a merge can be undone."""

    table: Table
    retention_days: int

    def writes(self, tenant: str, merge: Merge, *, now: datetime) -> Iterator[Any]:
        """The writes that keep both profiles of a merge, for a transaction to contain."""
        expires = int((now + timedelta(days=self.retention_days)).timestamp())
        for profile, side in ((merge.into, "into"), (merge.loser, "loser")):
            item: Item = {
                **items.profile_item(profile),
                **codec.key({"pk": keys.merge(tenant, merge.loser.id, side)}),
                "merged_at": codec.scalar(timestamp(now)),
                "cause": codec.scalar(merge.cause),
                "expires_at": codec.scalar(expires),
            }
            yield self.table.put(item, "")

    def forget(self, tenant: str, profile_ids: Iterable[str]) -> int:
        """Delete what was kept of the merges of these profiles; returns how many items there were.

        An item of a merge has the loser's id, and both sides are the same person's.
        """
        sides = ("into", "loser")
        pks = [keys.merge(tenant, each, side) for each in profile_ids for side in sides]
        kept = [row["pk"]["S"] for row in self.table.get_many({"pk": pk} for pk in pks)]
        self.table.delete_many({"pk": pk} for pk in kept)
        return len(kept)

    def find(self, tenant: str, loser_id: str) -> Merge | None:
        """Both profiles as they stood before the merge; None when that is too long ago."""
        into = self.table.get({"pk": keys.merge(tenant, loser_id, "into")})
        loser = self.table.get({"pk": keys.merge(tenant, loser_id, "loser")})
        if into is None or loser is None:
            return None
        cause = str(codec.value(loser["cause"]))
        return Merge(into=items.profile(into), loser=items.profile(loser), cause=cause)


def _target(row: Item) -> Target:
    if "erased_at" in row:
        return Erased(codec.value(row["erased_at"]), codec.value(row["erased_id"]))
    return str(codec.value(row["profile_id"]))
