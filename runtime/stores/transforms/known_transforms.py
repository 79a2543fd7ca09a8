"""The chains of data transforms as a warm worker knows them: compiled after each change."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from runtime.core.profiles.profile import Profile
from runtime.core.transforms import overlay
from runtime.core.transforms.chain import Chain
from runtime.errors import BadInput, Transient
from runtime.freshness import is_fresh
from runtime.stores.tables.config import FRESH_S
from runtime.stores.transforms.transforms import Transforms

MAX_TENANTS: Final = 500  # chains in memory; the one used longest ago is dropped


class _Known(NamedTuple):
    """A tenant's chain, and when its revision was last looked at, in epoch seconds."""

    chain: Chain
    revision: int
    checked_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTransforms:
    """Chains by tenant, each compiled again when the tenant's transforms have changed."""

    transforms: Transforms
    clock: Callable[[], datetime]
    _known: "OrderedDict[str, _Known]" = field(default_factory=OrderedDict)

    def chain(self, tenant: str) -> Chain:
        """The tenant's chain, at most two seconds old; of a tenant without transforms an empty one.

        Raises:
            Transient: it cannot be read, or a stored transform does not compile. Neither is the
                event's fault, so the event waits.
        """
        now_s = self.clock().timestamp()
        known = self._known.get(tenant)
        if known is None or not is_fresh(known.checked_at_s, now_s=now_s, for_s=FRESH_S):
            known = self._checked(tenant, known, now_s=now_s)
            self._known[tenant] = known
            if len(self._known) > MAX_TENANTS:
                self._known.popitem(last=False)
        self._known.move_to_end(tenant)
        return known.chain

    def overlay(self, tenant: str) -> Callable[[Profile], Mapping[str, Any]]:
        """What the tenant's chain lays over the properties of each of its profiles.

        Raises:
            Transient: as `chain`.
        """
        chain = self.chain(tenant)
        return lambda profile: overlay.of(profile, chain).values

    def _checked(self, tenant: str, known: _Known | None, *, now_s: float) -> _Known:
        if known is not None and known.revision == self.transforms.revision(tenant):
            return known._replace(checked_at_s=now_s)
        try:
            read = self.transforms.load(tenant)
            return _Known(read.chain(), read.revision, now_s)
        except BadInput as problem:
            raise Transient(
                f"a stored transform of {tenant} does not compile: {problem.message}",
                code="stored_transform_broken",
            ) from problem
