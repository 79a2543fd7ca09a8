"""Stores functions and their versions."""

from dataclasses import dataclass, replace

from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.page import Page
from runtime.errors import Conflict
from runtime.stores.functions import items
from runtime.stores.tables import keys
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
        self.config.add(function.tenant, _item(function), changed, what="function")

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

    def replace(self, old: Function, new: Function) -> None:
        """Store `new` in the place of `old`, for any change but a new version.

        Raises:
            Conflict: code `function_changed`; somebody else has changed it since it was read.
        """
        changed = self.config.changed(old.tenant)
        if not self.config.replace(old.tenant, _item(old), _item(new), changed):
            raise Conflict("the function has changed; read it again", code="function_changed")

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Function]:
        """A tenant's functions, by name."""
        return self.config.page(tenant, keys.function, items.function, after=after, limit=limit)

    def add_version(self, function: Function, version: FunctionVersion) -> Function:
        """Store the next version and count it in the function; returns the function with the count.

        Raises:
            Conflict: code `function_changed`; another version came first.
        """
        function_after = replace(function, latest_version=version.version)
        put = self.config.table.put(
            {
                **items.version_item(version),
                "pk": {"S": keys.tenant(version.tenant)},
                "sk": {"S": keys.version(version.function, version.version)},
            },
            "attribute_not_exists(pk)",
        )
        if not self.config.replace(function.tenant, _item(function), _item(function_after), put):
            raise Conflict("another version came first; push again", code="function_changed")
        return function_after

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """One version.

        Raises:
            NotFound: code `version_not_found`.
        """
        item = self.config.get(tenant, keys.version(name, version), what="version")
        return items.version(item)


def _item(function: Function) -> Item:
    return {**items.function_item(function), "sk": {"S": keys.function(function.name)}}
