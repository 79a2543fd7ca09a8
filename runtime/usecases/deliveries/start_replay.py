"""Start a job that sends a webhook's deliveries again; the sweep works through it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.replay import MISSED, DeliveryReplay
from runtime.core.jobs.durable import SETTLE_MS
from runtime.core.timestamps import timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import BadInput, Conflict


class Webhooks(Protocol):
    """Stores webhooks."""

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """One webhook.

        Raises:
            NotFound: the tenant has no such webhook.
        """

    def find(self, tenant: str, webhook_id: str) -> Webhook | None:
        """One webhook, or None."""


class Replays(Protocol):
    """Stores replays."""

    def add(self, replay: DeliveryReplay) -> None:
        """Store a new replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReplay:
    """Which deliveries of a webhook a caller wants to send again."""

    statuses: Sequence[Status] = MISSED  # those that missed their receiver: dead and skipped ones
    since: str | None = None  # the earliest `created_at`, ISO 8601; None for no limit
    until: str | None = None  # the latest; None for now
    topic: str | None = None  # None for every topic
    to: str | None = None  # id of another webhook to send them to; None for the same one


@dataclass(frozen=True, slots=True, kw_only=True)
class StartReplay:
    """Starts replays of deliveries."""

    replays: Replays
    webhooks: Webhooks
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, webhook_id: str, *, wanted: WantedReplay) -> DeliveryReplay:
        """Start a job, which the sweep takes up within a minute or two; returns the job.

        Raises:
            NotFound: the tenant has no such webhook.
            BadInput: code `bad_target` or `bad_statuses`.
            Conflict: code `webhook_disabled`.
        """
        source = self.webhooks.get(tenant, webhook_id)
        self._check_target(source, wanted)
        if not wanted.statuses or Status.PENDING in wanted.statuses:
            raise BadInput(
                "must be one or more of delivered, dead, skipped, dropped",
                field="statuses",
                code="bad_statuses",
            )
        now = self.clock()
        replay = DeliveryReplay(
            id=self.new_id("rpl"),
            tenant=tenant,
            webhook_id=webhook_id,
            statuses=tuple(dict.fromkeys(wanted.statuses)),
            created_at=timestamp(now),
            since=wanted.since,
            until=min(wanted.until or timestamp(now), timestamp(now)),
            topic=wanted.topic,
            to=wanted.to,
            due_at_ms=int(now.timestamp() * 1000) + SETTLE_MS,
        )
        self.replays.add(replay)
        return replay

    def _check_target(self, source: Webhook, wanted: WantedReplay) -> None:
        target = source
        if wanted.to is not None:
            other = self.webhooks.find(source.tenant, wanted.to)
            if other is None or other.id == source.id:
                raise BadInput("must be another webhook of yours", field="to", code="bad_target")
            if other.format is not source.format:
                # The body is sent as it was made, byte for byte, so the format must be the same.
                raise BadInput(
                    "must have the format of the webhook that is replayed",
                    field="to",
                    code="bad_target",
                )
            target = other
        if not target.enabled:
            raise Conflict("the webhook is disabled; enable it first", code="webhook_disabled")
