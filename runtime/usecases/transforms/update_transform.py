"""Change a data transform: its definition as a new version, its position, whether it works."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypedDict

from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.core.transforms import parsing
from runtime.core.transforms.transform import Definition, Transform
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.transforms.ports import Transforms


class TransformChanges(TypedDict, total=False):
    """What to change. What is left out stays as it is; another method is another transform."""

    name: str
    sources: tuple[str, ...]
    target: str
    settings: Mapping[str, Any]  # as JSON, all of them: those that are left out get their default
    position: int
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTransform:
    """Changes data transforms."""

    transforms: Transforms
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, transform_id: str, *, changes: TransformChanges, if_match: IfMatch = ANY
    ) -> Transform:
        """Change the transform; returns it as it is then. Nothing is written if it is so already.

        Raises:
            BadInput: the definition cannot work, alone or with the others; or `bad_position`.
            NotFound: code `transform_not_found`.
            PreconditionFailed: `if_match` names another ETag than it has.
            Transient: code `transforms_changed`: others keep changing the transforms.
        """
        return self._change(
            tenant, transform_id, lambda before: changed(before, changes), if_match=if_match
        )

    def revert(
        self, tenant: str, transform_id: str, *, version: int, if_match: IfMatch = ANY
    ) -> Transform:
        """Give the transform the definition that it had at an earlier version, as a new version.

        Raises:
            NotFound: code `transform_not_found`, or `version_not_found`: it is no longer kept.
            BadInput: with the transforms of today that definition cannot work.
            PreconditionFailed: `if_match` names another ETag than it has.
            Transient: code `transforms_changed`: others keep changing the transforms.
        """
        self.transforms.load(tenant).get(transform_id)
        earlier = self.transforms.version(tenant, transform_id, version).definition
        return self._change(
            tenant, transform_id, lambda before: redefined(before, earlier), if_match=if_match
        )

    def _change(
        self,
        tenant: str,
        transform_id: str,
        change: Callable[[Transform], Transform],
        *,
        if_match: IfMatch,
    ) -> Transform:
        for _ in self.races:
            old = self.transforms.load(tenant)
            before = old.get(transform_id)
            if_match.check(before.etag)
            after = change(before)
            if after == before:
                return before
            after = replace(after, updated_at=timestamp(self.clock()))
            if self.transforms.put(old, old.put(after), after):
                return after
        raise Transient("the transforms keep changing; try again", code="transforms_changed")


def changed(before: Transform, changes: TransformChanges) -> Transform:
    """The transform with the changes; its definition, if that has changed, as a new version.

    Raises:
        BadInput: the settings cannot be read.
    """
    was = before.definition
    definition = Definition(
        name=changes.get("name", was.name),
        sources=changes.get("sources", was.sources),
        target=changes.get("target", was.target),
        settings=(
            parsing.settings(was.method, changes["settings"])
            if "settings" in changes
            else was.settings
        ),
    )
    return replace(
        redefined(before, definition),
        position=changes.get("position", before.position),
        enabled=changes.get("enabled", before.enabled),
    )


def redefined(before: Transform, definition: Definition) -> Transform:
    """The transform with another definition, as a new version; itself if it is the same."""
    if parsing.are_same(before.definition, definition):
        return before
    return replace(before, definition=definition, version=before.version + 1)
