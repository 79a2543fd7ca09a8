"""What attempts of deliveries need of stores and of pacing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from runtime.core.deliveries.delivery import Delivery
from runtime.core.ids import Key
from runtime.core.pacing.endpoint_health import Seen
from runtime.core.webhooks.webhook import Webhook
from runtime.usecases.pacing.admit_deliveries import Admissions, Hold


class Deliveries(Protocol):
    """Stores deliveries."""

    def get(self, delivery_ids: Iterable[str]) -> Mapping[str, Delivery]:
        """The deliveries that have a record, by id, as they stand now (strong read)."""

    def open(self, delivery: Delivery, /) -> Delivery:
        """The delivery with its body.

        Raises:
            NotFound: the body has expired.
        """

    def announce(self, deliveries: Iterable[Delivery], /) -> Mapping[str, str]:
        """Announce deliveries to the log; returns the page that lists each, by its id."""

    async def add_async(self, delivery: Delivery, /) -> bool:
        """Store a delivery unless it has a record already; returns whether it was stored."""

    async def replace_async(self, old: Delivery, new: Delivery, /) -> bool:
        """Store `new` in the place of `old`; False when `old` has changed meanwhile."""


class Erasures(Protocol):
    """Knows which events were erased."""

    def marked(self, events: Iterable[Key], /) -> set[Key]:
        """Those of the events that were erased."""


class Webhooks(Protocol):
    """Stores webhooks."""

    def find(self, tenant: str, webhook_id: str) -> Webhook | None:
        """The webhook as it stands now, or None."""


class KnownWebhooks(Protocol):
    """The webhooks as they were at most a few seconds ago, mostly without a read."""

    def find(self, tenant: str, webhook_id: str) -> Webhook | None:
        """The webhook as it was lately, or None."""


class Admit(Protocol):
    """Says which deliveries may be attempted now."""

    def __call__(self, waiting: Sequence[tuple[Webhook, Delivery]], /) -> Admissions:
        """An answer for each delivery.

        Raises:
            Transient: the stores do not answer.
        """

    def give_back(self, admissions: Admissions) -> None:
        """Return the permits, so that other workers can have them."""

    def busy(self, delivery: Delivery) -> Hold:
        """How long to wait for a permit."""


class Endpoints(Protocol):
    """Records how endpoints do, and acts on it."""

    def observe(self, tenant: str, webhook_id: str, seen: Sequence[Seen]) -> None:
        """Record the outcomes of attempts, in the order they ended."""

    def note_slow(self, tenant: str, webhook_id: str) -> None:
        """Record that the endpoint keeps an attempt waiting."""
