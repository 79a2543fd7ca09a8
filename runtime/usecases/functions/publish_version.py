"""Publish a version, which the function's next run will use."""

from dataclasses import dataclass, replace
from typing import Protocol

from runtime.core.functions.function import Function, FunctionVersion
from runtime.errors import BadInput
from runtime.usecases.functions import ports


class Functions(ports.Functions, Protocol):
    """Stores functions and their versions."""

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """One version.

        Raises:
            NotFound: the function has no such version.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishVersion:
    """Publishes versions. To go back to an older version, publish it again."""

    functions: Functions

    def __call__(self, tenant: str, name: str, *, version: int | None = None) -> Function:
        """Publish a version, or the latest one without a number; returns the changed function.

        Raises:
            BadInput: code `no_version`: no version was pushed yet.
            NotFound: the tenant has no such function, or the function has no such version.
            Conflict: somebody else changed the function at the same time.
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
