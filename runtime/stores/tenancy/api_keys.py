"""Stores API keys, as hashes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.core.page import Page
from runtime.core.tenancy.api_key import ApiKey, hash_prefix
from runtime.errors import Conflict, NotFound
from runtime.stores.tables import codec, keys
from runtime.stores.tables.config import Config, prefix_query
from runtime.stores.tenancy import items


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """Keys by hash, listed by tenant. Each is two items, written in one transaction."""

    config: Config

    def add(self, key: ApiKey) -> None:
        """Store a new key.

        Raises:
            Conflict: code `api_key_exists`.
        """
        if not self.config.table.transact(*self._puts(key, "attribute_not_exists(pk)")):
            raise Conflict("this api_key exists already", code="api_key_exists")

    def note_use(self, used: ApiKey) -> None:
        """Store when a key was last used. What else somebody has changed meanwhile stays.

        Raises:
            NotFound: code `api_key_not_found`: it has been deleted meanwhile.
        """
        writes = (
            self.config.table.update(
                place,
                "SET #last_used_at = :hour",
                "attribute_exists(pk)",
                hour=used.last_used_at or "",
            )
            for place in _places(used)
        )
        if not self.config.table.transact(*writes):
            raise _not_found()

    def change(self, old: ApiKey, new: ApiKey, /) -> None:
        """Store another name and other scopes of a key, in both of its places or in neither.

        Raises:
            NotFound: code `api_key_not_found`: it has been deleted meanwhile.
            Conflict: code `api_key_changed`: somebody else has changed or rotated it meanwhile.
        """
        settings = {"name": new.name, "scopes": codec.json_of(new.scopes)}
        if not self.config.table.transact(
            *self._updates(old, "SET #name = :name, #scopes = :scopes", settings)
        ):
            raise self._overtaken(old)

    def replace(self, old: ApiKey, new: ApiKey, /, *, successor: ApiKey) -> None:
        """Give a key its end, and store its successor as a new one, both or neither.

        Raises:
            NotFound: code `api_key_not_found`: it has been deleted meanwhile.
            Conflict: code `api_key_changed`: somebody else has changed or rotated it meanwhile.
        """
        # Nothing else of it is written: another process may just note its hour.
        end = {"end": new.expires_at or "", "successor": new.replaced_by or ""}
        ending = self._updates(old, "SET #expires_at = :end, #replaced_by = :successor", end)
        added = self._puts(successor, "attribute_not_exists(pk)")
        if not self.config.table.transact(*ending, *added):
            raise self._overtaken(old)

    def find(self, sha256: str) -> ApiKey | None:
        """The key with this hash, strongly read, so that a deleted key ends at once."""
        item = self.config.table.get({"pk": keys.api_key_by_hash(sha256), "sk": keys.API_KEY})
        return None if item is None else items.api_key(item)

    def get(self, tenant: str, key_id: str) -> ApiKey:
        """A tenant's key by its id.

        Raises:
            NotFound: code `api_key_not_found`: this tenant has none of that id.
        """
        prefix = hash_prefix(key_id)
        if prefix is not None:
            query = prefix_query(tenant, keys.api_key(prefix))
            for item in self.config.table.query(query):
                key = items.api_key(item)
                if key.id == key_id:
                    return key
        raise _not_found()

    def delete(self, key: ApiKey) -> None:
        """Delete a key, if nobody has changed or rotated it since it was read.

        Raises:
            NotFound: code `api_key_not_found`.
            Conflict: code `api_key_changed`.
        """
        unchanged, was = _unchanged(key)
        deletions = (self.config.table.delete(place, unchanged, **was) for place in _places(key))
        if not self.config.table.transact(*deletions):
            raise self._overtaken(key)

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[ApiKey]:
        """A tenant's keys, by hash."""
        return self.config.page(tenant, keys.api_key, items.api_key, after=after, limit=limit)

    def _overtaken(self, key: ApiKey) -> NotFound | Conflict:
        """Why a write of a key as it was read has failed."""
        if self.config.find(key.tenant, keys.api_key(key.sha256)) is None:
            return _not_found()
        return Conflict("somebody has just changed this key; read it again", code="api_key_changed")

    def _updates(self, key: ApiKey, change: str, values: Mapping[str, str]) -> Iterator[Any]:
        """The writes that change a key's two items, if it still is as it was read."""
        unchanged, was = _unchanged(key)
        for place in _places(key):
            yield self.config.table.update(place, change, unchanged, **values, **was)

    def _puts(self, key: ApiKey, condition: str) -> Iterator[Any]:
        """The writes of a key's two items."""
        item = items.api_key_item(key)
        for place in _places(key):
            yield self.config.table.put({**item, **codec.key(place)}, condition)


def _places(key: ApiKey) -> tuple[dict[str, str], dict[str, str]]:
    """Where a key's two items are: one found by its hash, one in its tenant's list."""
    return (
        {"pk": keys.api_key_by_hash(key.sha256), "sk": keys.API_KEY},
        {"pk": keys.tenant(key.tenant), "sk": keys.api_key(key.sha256)},
    )


def _unchanged(key: ApiKey) -> tuple[str, dict[str, str]]:
    """The condition that a key is there as it was read; and its values.

    Its last use does not count, because a process may be noting that at any moment.
    """
    same_settings = "#name = :was_name AND #scopes = :was_scopes"
    was = {"was_name": key.name, "was_scopes": codec.json_of(key.scopes)}
    if key.replaced_by is None:
        return f"{same_settings} AND attribute_not_exists(replaced_by)", was
    return f"{same_settings} AND #replaced_by = :was_next", {**was, "was_next": key.replaced_by}


def _not_found() -> NotFound:
    return NotFound("no such API key", code="api_key_not_found")
