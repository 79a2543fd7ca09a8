"""Change an API key in place: its name and what it may do. The key itself stays as it is."""

from dataclasses import dataclass
from typing import Protocol, TypedDict

from runtime.core.preconditions import ANY, IfMatch
from runtime.core.tenancy import api_key
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.webhooks import rules


class Keys(Protocol):
    """Stores keys."""

    def get(self, tenant: str, key_id: str) -> ApiKey:
        """A tenant's key by its id.

        Raises:
            NotFound: code `api_key_not_found`.
        """

    def change(self, old: ApiKey, new: ApiKey, /) -> None:
        """Store another name and other scopes of a key, if it still is what was read.

        Raises:
            NotFound: code `api_key_not_found`: it has been deleted meanwhile.
            Conflict: code `api_key_changed`: somebody else has changed or rotated it meanwhile.
        """


class KeyChanges(TypedDict, total=False):
    """The settings to change. Settings that are left out stay as they are."""

    name: str
    scopes: tuple[str, ...]  # all that the key is to have


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateApiKey:
    """Changes keys."""

    keys: Keys

    def __call__(
        self, caller: ApiKey, key_id: str, *, changes: KeyChanges, if_match: IfMatch = ANY
    ) -> ApiKey:
        """Change a key; returns it as it is from its next call on, in every process.

        Raises:
            BadInput: the name or a scope is refused, and nothing changed.
            NotFound: code `api_key_not_found`.
            PreconditionFailed: `if_match` names another ETag than the key has.
            Conflict: code `own_key`: the caller would take a scope from itself; or
                `api_key_changed`: somebody has changed or rotated it at the same moment.
            Forbidden: code `scope_not_held`: the caller lacks a scope that the key has or would
                get.
        """
        if "name" in changes:
            rules.check_name(changes["name"])
        old = self.keys.get(caller.tenant, key_id)
        new = api_key.changed(old, by=caller, **changes)
        if_match.check(old.etag)
        if new != old:
            self.keys.change(old, new)
        return new
