"""Publish a version: from the next run on, the function is that version."""

from dataclasses import dataclass, replace
from typing import Protocol

from runtime.core.functions.function import Function, FunctionVersion
from runtime.errors import BadInput


class Functions(Protocol):
    """Stores functions and their versions."""

    def get(self, tenant: str, name: str) -> Function:
        """One function; raises NotFound."""

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """One version; raises NotFound."""

    def replace(self, old: Function, new: Function) -> None:
        """Store `new` in the place of `old`; raises Conflict when `old` has changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishVersion:
    """Publishes versions; publishing an older one is the way back."""

    functions: Functions

    def __call__(self, tenant: str, name: str, *, version: int | None = None) -> Function:
        """The function as it is now; without a number the latest version goes live.

        Raises:
            BadInput: code `no_version`: nothing has been pushed yet.
            NotFound: the tenant has no such function, or the function has no such version.
        """
        function = self.functions.get(tenant, name)
        number = function.latest_version if version is None else version
        if number == 0:
            raise BadInput(
                "this function has no version yet; push one first",
                field="version",
                code="no_version",
            )
        self.functions.get_version(tenant, name, version=number)
        published = replace(function, live_version=number)
        self.functions.replace(function, published)
        return published
