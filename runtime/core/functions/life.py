"""A function's life beside its versions: switched off and on, deleted, restored, and purged.

A function that is deleted stays for days of grace, in which it can be restored as it was. Then the
sweep purges it: it removes all that the function consists of. Its runs stay on record for as long
as any run does.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from runtime.core.functions.function import Function
from runtime.core.timestamps import moment, timestamp
from runtime.errors import Conflict

GRACE: Final = timedelta(days=7)  # a mistake of a Friday is found on Monday, by whoever is back


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """A function that is to be removed for good."""

    tenant: str
    function: str  # its name
    deleted_at: str  # ISO 8601; tells this deletion from one before or after it
    at: str  # ISO 8601; when the days of grace are over

    def is_of(self, function: Function) -> bool:
        """Whether the function is still deleted, by the deletion that this purge belongs to."""
        return function.deleted_at == self.deleted_at


def kept(function: Function) -> Function:
    """The same function, if it may be changed: one that is not deleted.

    Raises:
        Conflict: code `function_deleted`; the message says how to get the function back.
    """
    if function.deleted_at is None:
        return function
    if function.purging:
        raise Conflict(
            f"{function.name} was deleted, and is being removed; in a few minutes its name is free",
            code="function_deleted",
        )
    raise Conflict(
        f"{function.name} is deleted; `penstock functions restore {function.name}` brings it back",
        code="function_deleted",
    )


def switched(function: Function, *, enabled: bool, now: str) -> Function:
    """The function as switched on or off now; the same object if it is so already.

    Raises:
        Conflict: code `function_deleted`.
    """
    if kept(function).enabled == enabled:
        return function
    return replace(function, enabled=enabled, switched_at=now)


def deleted(function: Function, *, now: str) -> Function:
    """The function as deleted now; the same object if it was deleted before."""
    if function.deleted_at is not None:
        return function
    return replace(function, deleted_at=now, purged_at=timestamp(moment(now) + GRACE))


def restored(function: Function) -> Function:
    """The function as it was before it was deleted; the same object if it is not deleted.

    Raises:
        Conflict: code `function_deleted`: its days of grace are over, and its purge has begun.
    """
    if function.purging:
        kept(function)
    return (
        function if purge(function) is None else replace(function, deleted_at=None, purged_at=None)
    )


def purge(function: Function) -> Purge | None:
    """The purge that a function has ahead; None for one that is not deleted."""
    if function.deleted_at is None or function.purged_at is None:
        return None
    return Purge(
        tenant=function.tenant,
        function=function.name,
        deleted_at=function.deleted_at,
        at=function.purged_at,
    )
