"""The ports that several use cases of functions need, and what they check first."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from runtime.core.functions import life, releases
from runtime.core.functions.function import Function, FunctionVersion
from runtime.core.functions.releases import Change
from runtime.core.preconditions import ANY, IfMatch
from runtime.errors import Conflict, NotFound
from runtime.races import Races

T = TypeVar("T")
OVERTAKEN: Final = "function_changed"  # the stores' code when somebody else was faster


class Readable(Protocol):
    """Reads functions that must exist."""

    def get(self, tenant: str, name: str) -> Function:
        """One function.

        Raises:
            NotFound: the tenant has no such function.
        """


class Findable(Protocol):
    """Reads functions that may exist."""

    def find(self, tenant: str, name: str) -> Function | None:
        """One function, or None."""


class Versions(Protocol):
    """Reads versions."""

    def get_version(self, tenant: str, name: str, *, version: int) -> FunctionVersion:
        """One version.

        Raises:
            NotFound: the function has no such version.
        """


class Versioned(Readable, Versions, Protocol):
    """Reads functions and their versions."""


class Functions(Readable, Protocol):
    """Stores functions."""

    def replace(self, old: Function, new: Function) -> None:
        """Store `new` in the place of `old`.

        Raises:
            Conflict: `old` has changed since it was read.
        """


class Releases(Versioned, Protocol):
    """Stores functions, their versions, and the log of what became of these."""

    def release(self, old: Function, change: Change) -> None:
        """Store a change of what is live or on trial, with its entry in the release log.

        Raises:
            Conflict: `old` has changed since it was read.
        """


def kept(functions: Readable, tenant: str, name: str, *, if_match: IfMatch = ANY) -> Function:
    """The function, if it may be changed: one that is not deleted.

    Raises:
        NotFound: the tenant has no such function.
        PreconditionFailed: `if_match` names another ETag than it has.
        Conflict: code `function_deleted`.
    """
    function = functions.get(tenant, name)
    if_match.check(function.etag)
    return life.kept(function)


def insist(races: Races, change: Callable[[], T]) -> T:
    """Make a change that reads the function anew each time, until nobody else's overtakes it.

    For changes that say what shall be, whatever was there: to switch off, to delete, to set a
    value. A change of settings that its caller has read is not among them.

    Raises:
        Conflict: code `function_changed`: others keep changing the function.
    """
    for _ in races:
        try:
            return change()
        except Conflict as problem:
            if problem.code != OVERTAKEN:
                raise
    raise Conflict("the function keeps changing; try again", code=OVERTAKEN)


def find_existing(
    functions: Versions, tenant: str, name: str, *, version: int
) -> FunctionVersion | None:
    """The version; None when there is none of this number, or it was deleted."""
    try:
        stored = functions.get_version(tenant, name, version=version)
    except NotFound:
        return None
    return stored if stored.deleted_at is None else None


def existing(functions: Versions, function: Function, *, version: int) -> FunctionVersion:
    """The version, if it can run.

    Raises:
        NotFound: the function has no such version.
        Conflict: code `version_deleted`.
    """
    releases.check_number(function, version)
    stored = functions.get_version(function.tenant, function.name, version=version)
    if stored.deleted_at is not None:
        raise Conflict(
            f"version {version} was deleted at {stored.deleted_at}; push its source again, or name"
            " another version",
            code="version_deleted",
        )
    return stored
