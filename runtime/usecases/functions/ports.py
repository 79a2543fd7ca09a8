"""The ports that several use cases of functions need."""

from typing import Protocol

from runtime.core.functions.function import Function


class Functions(Protocol):
    """Stores functions."""

    def get(self, tenant: str, name: str) -> Function:
        """One function.

        Raises:
            NotFound: the tenant has no such function.
        """

    def replace(self, old: Function, new: Function) -> None:
        """Store `new` in the place of `old`.

        Raises:
            Conflict: `old` has changed since it was read.
        """
