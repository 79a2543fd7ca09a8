"""Delete a function, with days of grace in which it can be restored."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from runtime.core.functions import life
from runtime.core.functions.function import Function
from runtime.core.page import Page, every
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import FunctionInUse
from runtime.races import Races
from runtime.usecases.functions import ports

PAGE: Final = 200  # webhooks in one request to the table


class Deletions(Protocol):
    """Stores that functions are deleted, each together with its purge."""

    def delete(self, old: Function, new: Function) -> None:
        """Store the function as deleted, with its purge.

        Raises:
            Conflict: `old` has changed since it was read.
        """

    def restore(self, old: Function, new: Function) -> None:
        """Store the function as restored, without its purge.

        Raises:
            Conflict: `old` has changed since it was read.
        """


class Webhooks(Protocol):
    """Stores webhooks."""

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Webhook]:
        """A page of a tenant's webhooks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFunction:
    """Deletes functions."""

    functions: ports.Readable
    deletions: Deletions
    webhooks: Webhooks
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, name: str, *, force: bool = False, if_match: IfMatch = ANY
    ) -> Function:
        """Delete the function; returns it. Nothing changes if it is deleted already.

        A webhook that names the function at this very moment is not seen. It then stands as it
        would after a deletion by force: its deliveries are recorded with the reason, until the
        function is restored or the webhook has another transform.

        Args:
            tenant: whose function it is.
            name: which one.
            force: delete it although webhooks name it as their transform.
            if_match: which state of it the deletion is meant for.

        Raises:
            NotFound: the tenant has no such function.
            PreconditionFailed: `if_match` names another ETag than it has.
            FunctionInUse: webhooks name it as their transform.
            Conflict: others keep changing the function.
        """

        def delete() -> Function:
            old = self.functions.get(tenant, name)
            if_match.check(old.etag)
            function = life.deleted(old, now=timestamp(self.clock()))
            if function is old:
                return old
            users = () if force else tuple(self._users(tenant, name))
            if users:
                raise FunctionInUse(name, webhooks=users)
            self.deletions.delete(old, function)
            return function

        return ports.insist(self.races, delete)

    def _users(self, tenant: str, name: str) -> Iterator[str]:
        """The ids of the webhooks whose transform the function is."""
        webhooks = every(lambda after: self.webhooks.list(tenant, after=after, limit=PAGE))
        return (webhook.id for webhook in webhooks if webhook.transform == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFunction:
    """Restores functions."""

    functions: ports.Readable
    deletions: Deletions
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, name: str, *, if_match: IfMatch = ANY) -> Function:
        """Take the deletion back; returns the function. Nothing changes if it is not deleted.

        Raises:
            NotFound: the tenant has no such function, or has none any more.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `function_deleted`: its purge has begun; or others keep changing the
                function.
        """

        def restore() -> Function:
            old = self.functions.get(tenant, name)
            if_match.check(old.etag)
            function = life.restored(old)
            if function is not old:
                self.deletions.restore(old, function)
            return function

        return ports.insist(self.races, restore)
