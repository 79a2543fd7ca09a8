"""The ports that several use cases of functions need, and what they check first."""

from typing import Protocol

from runtime.core.functions import life
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.releases import Change
from runtime.errors import Conflict


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


class Releases(Protocol):
    """Stores functions, their versions, and the log of what became of these."""

    def get(self, tenant: str, name: str) -> Function:
        """One function.

        Raises:
            NotFound: the tenant has no such function.
        """

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """One version.

        Raises:
            NotFound: the function has no such version.
        """

    def release(self, old: Function, change: Change) -> None:
        """Store a change of what is live or on trial, with its entry in the release log.

        Raises:
            Conflict: `old` has changed since it was read.
        """


class Readable(Protocol):
    """Reads functions."""

    def get(self, tenant: str, name: str) -> Function:
        """One function.

        Raises:
            NotFound: the tenant has no such function.
        """


def kept(functions: Readable, tenant: str, name: str) -> Function:
    """The function, if it may be changed: one that is not deleted.

    Raises:
        NotFound: the tenant has no such function.
        Conflict: code `function_deleted`.
    """
    return life.kept(functions.get(tenant, name))


def existing(functions: Releases, function: Function, *, version: int) -> FunctionVersion:
    """The version, if it can run.

    Raises:
        NotFound: the function has no such version.
        Conflict: code `version_deleted`.
    """
    stored = functions.get_version(function.tenant, function.name, version=version)
    if stored.deleted_at is not None:
        raise Conflict(
            f"version {version} was deleted at {stored.deleted_at}; push its source again",
            code="version_deleted",
        )
    return stored
