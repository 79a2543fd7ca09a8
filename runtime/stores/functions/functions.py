"""Stores functions and their versions."""

from dataclasses import dataclass, replace
from typing import Any

from runtime.core.functions.function import Engine, Function, FunctionVersion
from runtime.core.functions.releases import Change, Release
from runtime.core.page import Page
from runtime.errors import Conflict
from runtime.stores.functions import items
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """Functions by tenant and name; versions are written once and never changed."""

    config: Config

    def add(self, function: Function) -> None:
        """Store a new function.

        Raises:
            Conflict: code `function_exists`.
        """
        changed = self.config.changed(function.tenant)
        self.config.add(function.tenant, items.function_item(function), changed, what="function")

    def get(self, tenant: str, name: str) -> Function:
        """One function, strongly read.

        Raises:
            NotFound: code `function_not_found`.
        """
        return items.function(self.config.get(tenant, keys.function(name), what="function"))

    def find(self, tenant: str, name: str) -> Function | None:
        """One function, strongly read, or None."""
        item = self.config.find(tenant, keys.function(name))
        return None if item is None else items.function(item)

    def replace(self, old: Function, new: Function, *also: Any) -> None:
        """Store `new` in the place of `old` with the writes that belong to it.

        It is for any change but a new version or a release.

        Raises:
            Conflict: code `function_changed`; somebody else has changed it since it was read.
        """
        if not self._swap(old, new, *also, self.config.changed(old.tenant)):
            raise overtaken()

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Function]:
        """A tenant's functions, by name."""
        return self.config.page(tenant, keys.function, items.function, after=after, limit=limit)

    def add_version(self, function: Function, version: FunctionVersion) -> Function:
        """Store the next version and count it in the function; returns the function with the count.

        Raises:
            Conflict: code `function_changed`; another version came first.
        """
        function_after = replace(function, latest_version=version.version)
        put = self.config.table.put(_version_item(version), "attribute_not_exists(pk)")
        mark = self.config.table.put(
            {**codec.key(_source_key(version)), "version": codec.scalar(version.version)},
            "attribute_not_exists(pk)",
        )
        if not self._swap(function, function_after, put, mark):
            raise Conflict("another version came first; push again", code="function_changed")
        return function_after

    def find_source(
        self, tenant: str, name: str, *, engine: Engine, sha256: str
    ) -> FunctionVersion | None:
        """The version that has this source for this engine; None when there is none."""
        mark = self.config.find(tenant, keys.source(name, engine, sha256))
        if mark is None:
            return None
        version = self.get_version(tenant, name, version=int(codec.value(mark["version"])))
        # It may have been deleted since the mark was read.
        return version if version.deleted_at is None else None

    def release(self, old: Function, change: Change, *also: Any) -> None:
        """Store a change of what is live or on trial, with its entry in the release log.

        The writes that belong to the change, `also`, are stored with it.

        Raises:
            Conflict: code `function_changed`; somebody else has changed it since it was read.
        """
        entry = change.release
        place = {"pk": keys.tenant(entry.tenant), "sk": keys.release(entry.function, entry.seq)}
        put = self.config.table.put(
            {**items.release_item(entry), **codec.key(place)}, "attribute_not_exists(pk)"
        )
        if not self._swap(old, change.function, put, self.config.changed(old.tenant), *also):
            raise Conflict(
                "somebody else changed the function at the same moment; try again",
                code="function_changed",
            )

    def delete_version(self, old: Function, change: Change, *, version: FunctionVersion) -> None:
        """Store that a version is deleted, and forget its source.

        Raises:
            Conflict: code `function_changed`; somebody else has changed it since it was read.
        """
        tombstone = replace(version, source="", deleted_at=change.release.at)
        self.release(
            old,
            change,
            self.config.table.put(_version_item(tombstone), "attribute_exists(pk)"),
            self.config.table.delete(
                _source_key(version),
                "#version = :number OR attribute_not_exists(pk)",
                number=version.version,
            ),
        )

    def versions(
        self, tenant: str, name: str, *, after: str | None = None, limit: int = 50
    ) -> Page[FunctionVersion]:
        """A function's versions, the newest first, without their sources."""
        return self.config.newest(
            tenant,
            keys.versions(name),
            lambda item: replace(items.version(item), source=""),
            after=after,
            limit=limit,
        )

    def find_release(self, tenant: str, name: str, *, seq: int) -> Release | None:
        """One entry of a function's release log, strongly read, or None."""
        item = self.config.find(tenant, keys.release(name, seq))
        return None if item is None else items.release(item)

    def release_log(
        self, tenant: str, name: str, *, after: str | None = None, limit: int = 50
    ) -> Page[Release]:
        """What became of a function's versions, the newest first."""
        return self.config.newest(
            tenant, keys.releases(name), items.release, after=after, limit=limit
        )

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """One version.

        Raises:
            NotFound: code `version_not_found`.
        """
        item = self.config.get(tenant, keys.version(name, version), what="version")
        return items.version(item)

    def _swap(self, old: Function, new: Function, *also: Any) -> bool:
        """Store `new` in the place of `old` with the writes that belong to it.

        Returns whether it was done: it is not if somebody else has changed the function since it
        was read, or the condition of another write does not hold.
        """
        item = items.function_item(new)
        if self.config.replace(old.tenant, items.function_item(old), item, *also):
            return True
        # A function that was stored before its item had the form of today has another digest.
        stored = self.config.find(old.tenant, keys.function(old.name))
        if stored is None or items.function(stored) != old:
            return False
        return self.config.replace(old.tenant, stored, item, *also)


def overtaken() -> Conflict:
    """Somebody else has changed a function since it was read."""
    return Conflict("the function has changed; read it again", code="function_changed")


def _version_item(version: FunctionVersion) -> Item:
    key = {
        "pk": keys.tenant(version.tenant),
        "sk": keys.version(version.function, version.version),
    }
    return {**items.version_item(version), **codec.key(key)}


def _source_key(version: FunctionVersion) -> dict[str, str]:
    mark = keys.source(version.function, version.engine, version.source_sha256)
    return {"pk": keys.tenant(version.tenant), "sk": mark}
