"""Stores profiles and where names lead; a writer names the revisions that it has read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from runtime.core.ids import Key
from runtime.core.profiles import profile as rules
from runtime.core.profiles.change import Change, Erased, Holder
from runtime.core.profiles.profile import Profile
from runtime.core.profiles.unmerge import Parting
from runtime.errors import NotFound, Transient
from runtime.stores.aws import clients as aws
from runtime.stores.profiles import items
from runtime.stores.profiles.name_rows import MergeRecords, NameKey, NameRows
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

MAX_TRIES: Final = 5  # to read a name whose profile is just changing; then the caller tries again
MAX_REDIRECTS: Final = 100  # that lead from one to the next; merges make far shorter chains


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Profiles by tenant and id, and by every name of their people.

    An id of a profile that was merged into another leads to that one.
    """

    table: Table
    names: NameRows
    merges: MergeRecords
    clock: Callable[[], datetime]

    def find(self, tenant: str, profile_id: str) -> Profile | None:
        """The profile as it stands now (strong read), deleted or not; None when unknown."""
        key = Key(tenant, profile_id)
        return self.find_many([key]).get(key)

    def find_many(self, profile_keys: Iterable[Key]) -> dict[Key, Profile]:
        """Those of the profiles that exist, strongly read, each by the key that was asked for."""
        asked = set(profile_keys)
        stored = self._read(asked)
        for _ in range(MAX_REDIRECTS):
            targets = {
                Key(profile.tenant, profile.merged_into)
                for profile in stored.values()
                if profile.merged_into is not None
            }
            missing = targets - set(stored)
            if not missing:
                return {key: _end(stored, key) for key in asked if key in stored}
            stored |= self._read(missing)
        raise Transient("redirects lead from one to the next without an end", code="profile_busy")

    def has_any(self, tenant: str) -> bool:
        """Whether there is a profile in this tenant, deleted or not."""
        query = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": codec.key({":pk": keys.tenant(tenant)}),
            "ConsistentRead": True,
            "Limit": 1,
        }
        return bool(self.table.look(query).items)

    def parting(self, tenant: str, profile_id: str) -> Parting | None:
        """What it takes to part a profile from the one it was merged into; None if it is not.

        Raises:
            NotFound: code `merge_expired`: how they stood before the merge is not kept any more.
        """
        redirect = self._read([Key(tenant, profile_id)]).get(Key(tenant, profile_id))
        if redirect is None or redirect.merged_into is None:
            return None
        merge = self.merges.find(tenant, profile_id)
        if merge is None:
            raise NotFound("the merge is too long ago to be undone", code="merge_expired")
        whole = self.find(tenant, profile_id)
        return None if whole is None else Parting(redirect=redirect, whole=whole, merge=merge)

    def by_names(self, wanted: Iterable[NameKey], *, again: bool = False) -> dict[NameKey, Holder]:
        """Whom each of the names leads to; a name that leads nowhere is missing.

        Args:
            wanted: the names.
            again: whether to read the rows of names that this process remembers, too.

        Raises:
            Transient: AWS failed; or code `profile_busy`: the names keep moving.
        """
        todo = set(wanted)
        if again:
            self.names.doubt(todo)
        holders: dict[NameKey, Holder] = {}
        for _ in range(MAX_TRIES):
            believed = self.names.believed(todo)
            targets = {**self.names.find_many(todo - set(believed)), **believed}
            ids = {key: Key(key.tenant, to) for key, to in targets.items() if isinstance(to, str)}
            profiles = self.find_many(ids.values())
            for key, target in targets.items():
                if isinstance(target, Erased):
                    holders[key] = target
                elif (profile := profiles.get(ids[key])) and key.name in profile.held_names:
                    holders[key] = profile
                    self.names.believe(key, profile.id)
            # A name without a row leads nowhere. One whose profile does not list it has moved.
            todo = {key for key in targets if key not in holders}
            if not todo:
                return holders
            self.names.doubt(todo)
        raise Transient("names keep moving between profiles", code="profile_busy")

    def commit(self, change: Change) -> bool:
        """Store a change, all of it or nothing; False when another writer came first.

        Raises:
            BadInput: code `too_large`: a profile is larger than an item may be.
            Transient: AWS failed; what was stored shows when it is read again.
        """
        writes = list(self.writes(change))
        client = self.table.client
        try:
            if len(writes) == 1:  # a put costs half of a transaction
                return self.table.try_to(lambda: client.put_item(**writes[0]))
            return self.table.transact(*writes)
        except Transient as problem:
            if isinstance(cause := problem.__cause__, ClientError) and aws.is_conflict(cause):
                return False
            raise

    def writes(self, change: Change) -> Iterator[Any]:
        """The writes of a change, for a transaction to contain."""
        for read_revision, profile in change.profiles:
            yield self._write(profile, read_revision=read_revision)
        for move in change.moves:
            if move.was != move.to:
                yield self.names.move(change.tenant, move)
        for merge in change.merges:
            yield from self.merges.writes(change.tenant, merge, now=self.clock())

    def erasing(self, profile: Profile, *, now: str) -> Iterator[Any]:
        """The writes that leave a tombstone of a profile, and suppress its names."""
        yield self._write(rules.tombstone(profile, now=now), read_revision=profile.revision)
        for name in profile.held_names:
            key = NameKey(profile.tenant, name)
            yield self.names.erase(key, was=profile.id, now=now)

    def _write(self, profile: Profile, *, read_revision: int) -> Any:
        item = {
            **items.profile_item(profile),
            **codec.key({"pk": keys.tenant(profile.tenant), "sk": profile.id}),
        }
        if read_revision == 0:
            return self.table.put(item, "attribute_not_exists(pk)")
        return self.table.put(item, "revision = :read", read=read_revision)

    def _read(self, profile_keys: Iterable[Key]) -> dict[Key, Profile]:
        each = [{"pk": keys.tenant(key.tenant), "sk": key.id} for key in profile_keys]
        profiles = map(items.profile, self.table.get_many(each))
        return {Key(profile.tenant, profile.id): profile for profile in profiles}


def _end(stored: dict[Key, Profile], key: Key) -> Profile:
    """The profile that redirects lead to from a key."""
    profile = stored[key]
    while profile.merged_into is not None:
        profile = stored[Key(profile.tenant, profile.merged_into)]
    return profile
