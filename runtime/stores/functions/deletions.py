"""Stores that functions are deleted, finds those whose days of grace are over, removes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.functions import life
from runtime.core.functions.function import Function
from runtime.core.functions.life import Purge
from runtime.stores.functions import items
from runtime.stores.functions.functions import Functions, overtaken
from runtime.stores.tables import codec, keys
from runtime.stores.tables.config import Config, etag, prefix_query

# Of one step. A transaction may hold a hundred items and 4 MB, and a version up to 64 KB.
PARTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletions:
    """Deleted functions. Each has an entry in the list of purges for as long as it is deleted."""

    config: Config

    def delete(self, old: Function, new: Function) -> None:
        """Store the function as deleted, and list its purge.

        Raises:
            Conflict: code `function_changed`; somebody else has changed it since it was read.
        """
        purge = _purge(new)
        entry = {**codec.encode(purge), **codec.key(_entry(purge))}
        listed = self.config.table.put(entry, "attribute_not_exists(pk)")
        Functions(config=self.config).replace(old, new, listed)

    def restore(self, old: Function, new: Function) -> None:
        """Store the function as restored, and take its purge from the list.

        Raises:
            Conflict: code `function_changed`; somebody else has changed it since it was read.
        """
        Functions(config=self.config).replace(old, new, self._without(_purge(old)))

    def due(self, *, now: str, limit: int) -> Iterator[Purge]:
        """At most `limit` purges whose time has come, the earliest first, strongly read."""
        query = {
            "KeyConditionExpression": "pk = :pk AND sk <= :now",
            "ExpressionAttributeValues": codec.key(
                {":pk": keys.PURGES, ":now": keys.between(None, now).high}
            ),
            "ConsistentRead": True,
            "Limit": limit,
        }
        for item in self.config.table.look(query).items:
            yield Purge(**codec.fields(item, Purge))

    def remove_parts(self, function: Function) -> bool:
        """Remove some versions, marks of sources or releases; False when none is left.

        Each step is on the condition that the function is still the one that is being purged. So a
        sweep that was held up removes nothing of a new function of the same name.

        Raises:
            Conflict: code `function_changed`.
        """
        parts = self._parts(function)
        if not parts:
            return False
        table = self.config.table
        still_so = table.update(
            _place(function), "SET #purging = :yes", "#etag = :was", yes=True, was=_etag(function)
        )
        if not table.transact(still_so, *(table.delete(each, "") for each in parts)):
            raise overtaken()
        return True

    def remove(self, function: Function, purge: Purge) -> None:
        """Remove the function itself, and take its purge from the list.

        Raises:
            Conflict: code `function_changed`.
        """
        deletion = self.config.table.delete(_place(function), "#etag = :was", was=_etag(function))
        changed = self.config.changed(function.tenant)
        if not self.config.table.transact(deletion, self._without(purge), changed):
            raise overtaken()

    def _parts(self, function: Function) -> list[dict[str, str]]:
        """The keys of some items that belong to the function; empty when there is none."""
        for prefix in keys.parts_of_function(function.name):
            query = {**prefix_query(function.tenant, prefix), "Limit": PARTS}
            items = self.config.table.look(query).items
            if items:
                return [{name: codec.value(item[name]) for name in ("pk", "sk")} for item in items]
        return []

    def _without(self, purge: Purge) -> Any:
        """The write that takes the purge from the list."""
        return self.config.table.delete(_entry(purge), "attribute_exists(pk)")


def _purge(function: Function) -> Purge:
    purge = life.purge(function)
    if purge is None:
        raise ValueError(f"{function.name} is not deleted")
    return purge


def _entry(purge: Purge) -> dict[str, str]:
    """The key of a purge in the list."""
    return {"pk": keys.PURGES, "sk": keys.purge(purge.at, purge.tenant, purge.function)}


def _place(function: Function) -> dict[str, str]:
    """The key of a function."""
    return {"pk": keys.tenant(function.tenant), "sk": keys.function(function.name)}


def _etag(function: Function) -> str:
    return str(codec.value(etag(items.function_item(function))["etag"]))
