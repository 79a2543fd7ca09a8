"""Finds everything that was run and sent for events, whoever has taken them.

The ids of an event's runs and deliveries are hashes of event and subscriber. Subscribers that a
tenant has deleted are asked for, too: what they got is still kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Selection
from runtime.core.functions.function import Function
from runtime.core.functions.run import Run
from runtime.core.page import Page, every
from runtime.core.webhooks.webhook import Webhook

T = TypeVar("T")


class Runs(Protocol):
    """Stores runs."""

    def find_many(self, run_ids: Iterable[str], /) -> Mapping[str, Run]:
        """The runs that have a record, by id."""


class Deliveries(Protocol):
    """Stores deliveries."""

    def get(self, delivery_ids: Iterable[str], /) -> Mapping[str, Delivery]:
        """The deliveries that have a record, by id."""

    def list(
        self, tenant: str, selection: Selection, /, *, after: str | None = None, limit: int = 50
    ) -> Page[Delivery]:
        """For one event, a page of the deliveries whose ids are not hashes of event and webhook."""


class Listed(Protocol[T]):
    """Stores things of tenants."""

    def list(self, tenant: str, /, *, after: str | None = None, limit: int = 50) -> Page[T]:
        """A page of a tenant's things."""


class Webhooks(Listed[Webhook], Protocol):
    """Stores webhooks, and the ids of those that were deleted."""

    def deleted_ids(self, tenant: str, /) -> Iterable[str]:
        """The ids of the webhooks that the tenant has deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryRecord:
    """Finds the runs and deliveries of events."""

    runs: Runs
    deliveries: Deliveries
    functions: Listed[Function]
    webhooks: Webhooks

    def runs_of(self, tenant: str, event_ids: Sequence[str]) -> Iterator[Run]:
        """The runs of these events that have a record, in no order.

        A function that is gone is not asked for: its runs are found by the profile.
        """
        names = [*self._functions(tenant), *self._webhooks(tenant)]
        run_ids = [ids.run_id(tenant, event, name) for event in event_ids for name in names]
        yield from self.runs.find_many(run_ids).values()

    def deliveries_of(self, tenant: str, event_ids: Sequence[str]) -> Iterator[Delivery]:
        """The deliveries of these events that have a record, in no order."""
        webhooks = list(self._webhooks(tenant))
        delivery_ids = [
            ids.delivery_id(tenant, event, webhook) for event in event_ids for webhook in webhooks
        ]
        yield from self.deliveries.get(delivery_ids).values()
        for event_id in event_ids:
            yield from self._others(tenant, event_id)

    def _others(self, tenant: str, event_id: str) -> Iterator[Delivery]:
        """The deliveries of an event whose ids are not hashes of it and a webhook."""
        selection = Selection(event_id=event_id)
        return every(lambda after: self.deliveries.list(tenant, selection, after=after))

    def _functions(self, tenant: str) -> Iterator[str]:
        functions = every(lambda after: self.functions.list(tenant, after=after))
        return (each.name for each in functions)

    def _webhooks(self, tenant: str) -> Iterator[str]:
        webhooks = every(lambda after: self.webhooks.list(tenant, after=after))
        yield from (each.id for each in webhooks)
        yield from self.webhooks.deleted_ids(tenant)
