"""Send one delivery again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core import ids
from runtime.core.deliveries import replay as replays
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import Conflict, NotFound
from runtime.usecases.ports import Hints


class Deliveries(Protocol):
    """Stores deliveries."""

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery of any tenant, or None."""

    def renew(self, delivery: Delivery, /) -> None:
        """Keep the delivery's body for a new round.

        Raises:
            NotFound: the body has expired.
        """

    def replace(self, old: Delivery, new: Delivery, /) -> bool:
        """Store `new` in the place of `old`; False when `old` has changed meanwhile."""

    def hasten(self, old: Delivery, new: Delivery, /) -> bool:
        """Store `new`, which is due earlier; False when `old`, or its due time, has changed."""


class Webhooks(Protocol):
    """Stores webhooks."""

    def find(self, tenant: str, webhook_id: str) -> Webhook | None:
        """One webhook, or None."""


class RetryRun(Protocol):
    """Runs one run of a function again."""

    def __call__(self, tenant: str, run_id: str, /, *, force: bool) -> object:
        """Begin the next attempt of the run.

        Raises:
            NotFound: there is no record of the run.
            Conflict: it is under way, cannot run, or has succeeded and is not forced.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDelivery:
    """Sends one delivery again, whatever its status."""

    deliveries: Deliveries
    webhooks: Webhooks
    hints: Hints[DeliverMessage]
    retry_run: RetryRun
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, delivery_id: str, *, of_webhook: str | None = None) -> Delivery:
        """Start a new round of the delivery's schedule; returns the delivery.

        One that waits is due now, at the same attempt of its present round; one that is due within
        90 s is left as it is. If its function has made nothing to send, the function runs again
        instead. The delivery stays as it is until that run has ended, and is then sent under its
        own id.

        Raises:
            NotFound: code `delivery_not_found`: there is none, or it is another's. Code
                `run_not_found`: there is no record of the run that was to make it.
            Conflict: its run is under way, the delivery has changed meanwhile, or cannot be
                repeated, or its webhook is disabled or gone.
        """
        delivery = self.deliveries.find(delivery_id)
        if delivery is None or not delivery.belongs_to(tenant, webhook_id=of_webhook):
            raise NotFound("no such delivery", code="delivery_not_found")
        self._check(delivery)
        if delivery.is_unmade:
            run_id = ids.run_id(tenant, delivery.event_id, delivery.webhook_id)
            self.retry_run(tenant, run_id, force=delivery.status is Status.DROPPED)
            return delivery
        now_ms = int(self.clock().timestamp() * 1000)
        if delivery.status is Status.PENDING:
            return self._hasten(delivery, now_ms)
        pending = replays.again(delivery, replay_id=None, now_ms=now_ms)
        if pending is None:
            raise Conflict(
                "has no body to send, or has too many attempts already", code="cannot_be_sent_again"
            )
        self._renew(delivery)
        if not self.deliveries.replace(delivery, pending):
            raise Conflict("has changed meanwhile; look again", code="delivery_changed")
        # Should the hint get lost, the sweep finds the delivery when it is due.
        self.hints.send([delivery_hint(pending)])
        return pending

    def _hasten(self, delivery: Delivery, now_ms: int) -> Delivery:
        due_now = replays.hastened(delivery, now_ms=now_ms)
        if due_now is None:
            return delivery
        if not self.deliveries.hasten(delivery, due_now):
            raise Conflict("has changed meanwhile; look again", code="delivery_changed")
        # The hint for the later due time, if there is one, is stale once this attempt is recorded.
        self.hints.send([delivery_hint(due_now)])
        return due_now

    def _renew(self, delivery: Delivery) -> None:
        try:
            self.deliveries.renew(delivery)
        except NotFound as problem:
            raise Conflict("its body is not kept any more", code="body_expired") from problem

    def _check(self, delivery: Delivery) -> None:
        webhook = self.webhooks.find(delivery.tenant, delivery.webhook_id)
        if webhook is None or not webhook.enabled:
            raise Conflict("its webhook is disabled or deleted", code="webhook_disabled")
