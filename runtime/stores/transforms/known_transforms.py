"""The data transforms as a warm worker knows them: compiled after each change.

What reads and compiles them is imported when a tenant has some. Most tenants have none, and a cold
start bills its imports.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput, Transient
from runtime.freshness import is_fresh
from runtime.stores.tables import codec, keys
from runtime.stores.tables.config import FRESH_S, Config

MAX_TENANTS: Final = 500  # chains in memory; the one used longest ago is dropped
Overlay: TypeAlias = Callable[[Profile], Mapping[str, Any]]


class _Known(NamedTuple):
    """What a tenant's chain makes of a profile, and when its revision was last looked at."""

    overlay: Overlay
    revision: int
    checked_at_s: float  # epoch seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTransforms:
    """Chains by tenant, each compiled again when the tenant's transforms have changed."""

    config: Config
    clock: Callable[[], datetime]
    _known: "OrderedDict[str, _Known]" = field(default_factory=OrderedDict)

    def overlay(self, tenant: str) -> Overlay:
        """What the tenant's transforms, at most two seconds old, lay over a profile's properties.

        Raises:
            Transient: they cannot be read, or a stored one does not compile. Neither is the event's
                fault, so the event waits.
        """
        now_s = self.clock().timestamp()
        known = self._known.get(tenant)
        if known is None or not is_fresh(known.checked_at_s, now_s=now_s, for_s=FRESH_S):
            known = self._checked(tenant, known, now_s=now_s)
            self._known[tenant] = known
            if len(self._known) > MAX_TENANTS:
                self._known.popitem(last=False)
        self._known.move_to_end(tenant)
        return known.overlay

    def _checked(self, tenant: str, known: _Known | None, *, now_s: float) -> _Known:
        head = self.config.find(tenant, keys.TRANSFORMS)
        if head is None:
            return _Known(_nothing, 0, now_s)
        if known is not None and known.revision == int(codec.value(head["revision"])):
            return known._replace(checked_at_s=now_s)
        return self._compiled(tenant, now_s=now_s)

    def _compiled(self, tenant: str, *, now_s: float) -> _Known:
        from runtime.core.transforms import overlay
        from runtime.stores.transforms.transforms import Transforms

        try:
            read = Transforms(config=self.config).load(tenant)
            chain = read.chain()
        except BadInput as problem:
            raise Transient(
                f"a stored transform of {tenant} does not compile: {problem.message}",
                code="stored_transform_broken",
            ) from problem
        return _Known(lambda profile: overlay.of(profile, chain).values, read.revision, now_s)


def _nothing(_profile: Profile) -> Mapping[str, Any]:
    return {}
