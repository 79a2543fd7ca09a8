"""Set by which rules a tenant's names are read."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.preconditions import IfMatch
from runtime.core.profiles.names import NameRules
from runtime.errors import Conflict
from runtime.usecases.overtaken import look_again


class Rules(Protocol):
    """Stores the rules of tenants."""

    def get(self, tenant: str) -> NameRules:
        """The tenant's rules as they stand now."""

    def replace(self, tenant: str, old: NameRules, new: NameRules) -> bool:
        """Store rules if those of the tenant still are `old`; returns whether they were."""


class Profiles(Protocol):
    """Stores profiles."""

    def has_any(self, tenant: str) -> bool:
        """Whether anything is known of anybody in this tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetIdentity:
    """Sets the rules of a tenant's names."""

    rules: Rules
    profiles: Profiles

    def __call__(self, tenant: str, rules: NameRules, *, if_match: IfMatch) -> NameRules:
        """Set the rules; returns them. Workers read names by them two seconds later.

        Raises:
            Conflict: code `identity_in_use`: names would be read into another form although the
                tenant has profiles; or `identity_changed`: somebody else was faster.
            PreconditionFailed: the rules have another ETag.
        """
        return look_again(if_match, lambda: self._set(tenant, rules, if_match))

    def _set(self, tenant: str, rules: NameRules, if_match: IfMatch) -> NameRules:
        old = self.rules.get(tenant)
        if_match.check(old.etag)
        if not old.reads_like(rules) and self.profiles.has_any(tenant):
            raise Conflict(
                "default_country and lower_local_part stay as they are once there are profiles:"
                " names that are read in another form would no longer lead to them",
                code="identity_in_use",
            )
        if not self.rules.replace(tenant, old, rules):
            raise Conflict("somebody else has changed the rules", code="identity_changed")
        return rules
