"""Show what a data transform, or a change of one, would do to profiles. Nothing is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from runtime.core.page import Page
from runtime.core.profiles.profile import Profile
from runtime.core.transforms import overlay
from runtime.core.transforms.transform import Definition, Transform
from runtime.core.transforms.transform_list import TransformList
from runtime.usecases.transforms.ports import Transforms
from runtime.usecases.transforms.update_transform import TransformChanges, changed

MAX_EXAMPLES: Final = 20
MAX_PROFILES: Final = 1000  # that one call looks at: it has to answer within half a minute
PAGE: Final = 100
_NEW: Final = "trf_new"  # stands for the id of a transform that is not made


class Profiles(Protocol):
    """Lists the profiles of a tenant."""

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Profile]:
        """Some profiles, in an order that has nothing to do with their age; no deleted ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A profile that would change: the properties that differ, as it shows them."""

    profile_id: str
    before: Mapping[str, Any]  # without those that it does not show
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the change would do to the profiles that were looked at."""

    profiles: int  # that were looked at
    changed: int  # of them
    too_large: int  # of them, where a value was too large to be derived
    examples: tuple[Example, ...]  # the first `MAX_EXAMPLES` that would change


@dataclass(frozen=True, slots=True, kw_only=True)
class TryTransform:
    """Tries data transforms on profiles that exist, together with all others of the tenant."""

    transforms: Transforms
    profiles: Profiles

    def new(
        self, tenant: str, definition: Definition, *, position: int | None, profiles: int
    ) -> Trial:
        """What a new transform would do to at most so many profiles.

        Raises:
            BadInput: the definition cannot work, alone or with the others; or `bad_position`.
            Transient: AWS failed, or code `transforms_changed`.
        """
        old = self.transforms.load(tenant)
        transform = Transform(
            id=_NEW,
            tenant=tenant,
            definition=definition,
            position=len(old.transforms) + 1 if position is None else position,
            version=1,
            created_at="",
            updated_at="",
        )
        return self._trial(old, old.put(transform), limit=profiles)

    def change(
        self, tenant: str, transform_id: str, *, changes: TransformChanges, profiles: int
    ) -> Trial:
        """What a change of a transform would do to at most so many profiles.

        Raises:
            BadInput: the definition cannot work, alone or with the others; or `bad_position`.
            NotFound: code `transform_not_found`.
            Transient: AWS failed, or code `transforms_changed`.
        """
        old = self.transforms.load(tenant)
        after = changed(old.get(transform_id), changes)
        return self._trial(old, old.put(after), limit=profiles)

    def _trial(self, old: TransformList, new: TransformList, *, limit: int) -> Trial:
        old_chain, new_chain = old.chain(), new.chain()
        looked_at = changed_count = too_large = 0
        examples: list[Example] = []
        for profile in _some(self.profiles, old.tenant, limit=limit):
            looked_at += 1
            derived = overlay.of(profile, new_chain)
            too_large += bool(derived.too_large)
            before = {**profile.properties, **overlay.of(profile, old_chain).values}
            after = {**profile.properties, **derived.values}
            example = _example(profile.id, before, after)
            if example is not None:
                changed_count += 1
                examples += [example] if len(examples) < MAX_EXAMPLES else []
        return Trial(
            profiles=looked_at,
            changed=changed_count,
            too_large=too_large,
            examples=tuple(examples),
        )


def _some(profiles: Profiles, tenant: str, *, limit: int) -> Iterator[Profile]:
    after: str | None = None
    while limit > 0:
        page = profiles.page(tenant, after=after, limit=min(limit, PAGE))
        yield from page.items
        limit -= PAGE  # deleted ones count too, so that the answer comes in time
        after = page.after
        if after is None:
            return


def _example(
    profile_id: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Example | None:
    differing = {name for name in {*before, *after} if not overlay.shows_alike(name, before, after)}
    if not differing:
        return None
    return Example(
        profile_id=profile_id,
        before={name: before[name] for name in sorted(differing) if name in before},
        after={name: after[name] for name in sorted(differing) if name in after},
    )
