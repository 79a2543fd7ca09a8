"""The salt of each tenant, with which names are hashed before they become keys."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from runtime.errors import Transient
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Salts:
    """A random number for each tenant: made when first needed, and the same ever after.

    Nobody without it can tell whether a hash is that of an address that he guesses.
    """

    table: Table
    random: Callable[[int], bytes]  # so many random bytes, from a source that nobody can guess
    _known: dict[str, bytes] = field(default_factory=dict)  # by tenant; a salt never changes

    def of(self, tenant: str) -> bytes:
        """The tenant's salt.

        Raises:
            Transient: AWS failed.
        """
        if tenant not in self._known:
            self._known[tenant] = self._find(tenant) or self._make(tenant)
        return self._known[tenant]

    def _find(self, tenant: str) -> bytes | None:
        item = self.table.get({"pk": keys.salt(tenant)})
        return None if item is None else bytes.fromhex(codec.value(item["salt"]))

    def _make(self, tenant: str) -> bytes:
        key = codec.key({"pk": keys.salt(tenant)})
        item = {**key, "salt": codec.scalar(self.random(SALT_BYTES).hex())}
        self.table.put_if(item, "attribute_not_exists(pk)")
        salt = self._find(tenant)  # another worker's may have come first
        if salt is None:
            raise Transient("the tenant's salt is not there yet", code="aws_unavailable")
        return salt
