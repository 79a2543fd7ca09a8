"""Stores the data transforms of each tenant: an item for each, and one that holds their order.

Every change counts up the revision of the list and needs the one that its writer has read. So rules
about several transforms, such as that no two have one target, hold whoever writes meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from runtime.core.json_text import dump, load
from runtime.core.page import Page
from runtime.core.transforms.transform import Transform, Version
from runtime.core.transforms.transform_list import MAX_VERSIONS, TransformList
from runtime.errors import NotFound, Transient
from runtime.races import Races
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.config import Config, prefix_query
from runtime.stores.transforms import items


@dataclass(frozen=True, slots=True, kw_only=True)
class Transforms:
    """Data transforms by tenant."""

    config: Config
    races: Races = field(default_factory=Races)

    def load(self, tenant: str) -> TransformList:
        """The tenant's transforms as they stand now.

        Raises:
            Transient: code `transforms_changed`: others keep changing them.
        """
        for _ in self.races:
            head = self.config.find(tenant, keys.TRANSFORMS)
            if head is None:
                return TransformList(tenant=tenant, revision=0)
            each = self.config.table.query(prefix_query(tenant, keys.transform("")))
            by_id = {str(codec.value(item["id"])): item for item in each}
            order: list[str] = load(codec.value(head["transform_ids"]))
            revision = int(codec.value(head["revision"]))
            if _is_of(revision, [by_id.get(transform_id) for transform_id in order]):
                transforms = (
                    items.transform(by_id[transform_id], position=position)
                    for position, transform_id in enumerate(order, start=1)
                )
                return TransformList(tenant=tenant, revision=revision, transforms=tuple(transforms))
        raise Transient("the transforms keep changing; try again", code="transforms_changed")

    def put(self, old: TransformList, new: TransformList, transform: Transform) -> bool:
        """Store a list in which this transform is new or has changed, and its version.

        Returns whether it was stored: it is not when the list has changed since it was read.
        """
        item = {**items.transform_item(transform), "revision": codec.scalar(new.revision)}
        version = Version(
            transform_id=transform.id,
            version=transform.version,
            definition=transform.definition,
            created_at=transform.updated_at,
        )
        return self.config.table.transact(
            self._head(old, new),
            self._item(new.tenant, keys.transform(transform.id), item),
            *self._versions(new.tenant, old, version),
        )

    def delete(self, old: TransformList, new: TransformList, transform: Transform) -> bool:
        """Store a list from which this transform is gone, with its versions; returns as `put`."""
        tenant = old.tenant
        numbers = range(max(1, transform.version - MAX_VERSIONS + 1), transform.version + 1)
        return self.config.table.transact(
            self._head(old, new),
            self._delete(tenant, keys.transform(transform.id)),
            *(self._delete(tenant, keys.transform_version(transform.id, n)) for n in numbers),
        )

    def versions(
        self, tenant: str, transform_id: str, *, after: str | None, limit: int
    ) -> Page[Version]:
        """The versions of a transform that are kept, the newest first."""
        prefix = keys.transform_versions(transform_id)
        return self.config.newest(tenant, prefix, items.version, after=after, limit=limit)

    def version(self, tenant: str, transform_id: str, number: int) -> Version:
        """One version of a transform.

        Raises:
            NotFound: code `version_not_found`: it never was, or is no longer kept.
        """
        item = self.config.find(tenant, keys.transform_version(transform_id, number))
        if item is None:
            raise NotFound(
                f"there is no version {number}; the last {MAX_VERSIONS} are kept",
                code="version_not_found",
            )
        return items.version(item)

    def _head(self, old: TransformList, new: TransformList) -> Any:
        head = {
            "pk": codec.scalar(keys.tenant(new.tenant)),
            "sk": codec.scalar(keys.TRANSFORMS),
            "revision": codec.scalar(new.revision),
            "transform_ids": codec.text(dump([each.id for each in new.transforms])),
        }
        if old.revision == 0:
            return self.config.table.put(head, "attribute_not_exists(pk)")
        return self.config.table.put(head, "revision = :read", read=old.revision)

    def _versions(self, tenant: str, old: TransformList, version: Version) -> Iterator[Any]:
        known = {each.id: each.version for each in old.transforms}
        if known.get(version.transform_id) == version.version:
            return
        sort = keys.transform_version(version.transform_id, version.version)
        yield self._item(tenant, sort, items.version_item(version))
        if version.version > MAX_VERSIONS:
            oldest = version.version - MAX_VERSIONS
            yield self._delete(tenant, keys.transform_version(version.transform_id, oldest))

    def _item(self, tenant: str, sort: str, item: Item) -> Any:
        key = {"pk": keys.tenant(tenant), "sk": sort}
        return self.config.table.put({**item, **codec.key(key)}, "")

    def _delete(self, tenant: str, sort: str) -> Any:
        return self.config.table.delete({"pk": keys.tenant(tenant), "sk": sort}, "")


def _is_of(revision: int, each: list[Item | None]) -> bool:
    """Whether these items are those of the list at this revision, and not of a later one."""
    return all(item is not None and int(codec.value(item["revision"])) <= revision for item in each)
