"""Send deliveries again: one at once, or many as a job that the sweep works through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from runtime.core.deliveries import replay as replays
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.deliveries.replay import MISSED, Replay, ReplayState
from runtime.core.timestamps import timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import BadInput, Conflict, NotFound
from runtime.races import Races
from runtime.usecases.ports import Hints

# A delivery that is created at this moment may not be in the index yet.
SETTLE_MS = 10_000


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

    def add(self, replay: Replay) -> None:
        """Store a new replay."""

    def get(self, tenant: str, webhook_id: str, replay_id: str) -> Replay:
        """One replay.

        Raises:
            NotFound: code `replay_not_found`.
        """

    def replace(self, old: Replay, new: Replay, /) -> Replay | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDelivery:
    """Sends one delivery again, whatever its status."""

    deliveries: Deliveries
    webhooks: Webhooks
    hints: Hints[DeliverMessage]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, delivery_id: str) -> Delivery:
        """Start a new round of the delivery's schedule; returns the delivery.

        Raises:
            NotFound: code `delivery_not_found`: there is none, or it is another tenant's.
            Conflict: the delivery is under way, has no body or too many attempts, or has changed
                meanwhile, or its webhook is disabled or gone.
        """
        delivery = self.deliveries.find(delivery_id)
        if delivery is None or delivery.tenant != tenant:
            raise NotFound("no such delivery", code="delivery_not_found")
        self._check(delivery)
        now_ms = int(self.clock().timestamp() * 1000)
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

    def _renew(self, delivery: Delivery) -> None:
        try:
            self.deliveries.renew(delivery)
        except NotFound as problem:
            raise Conflict("its body is not kept any more", code="body_expired") from problem

    def _check(self, delivery: Delivery) -> None:
        if delivery.status is Status.PENDING:
            raise Conflict("is under way already", code="delivery_pending")
        webhook = self.webhooks.find(delivery.tenant, delivery.webhook_id)
        if webhook is None or not webhook.enabled:
            raise Conflict("its webhook is disabled or deleted", code="webhook_disabled")


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
    """Starts and cancels replays."""

    replays: Replays
    webhooks: Webhooks
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, webhook_id: str, *, wanted: WantedReplay) -> Replay:
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
        replay = Replay(
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

    def cancel(self, tenant: str, webhook_id: str, replay_id: str) -> Replay:
        """Stop the job. It takes no delivery back, and a job that has ended stays as it is.

        Raises:
            NotFound: code `replay_not_found`.
            Conflict: code `replay_changed`: the sweep keeps changing the job; try again.
        """
        for _ in self.races:
            replay = self.replays.get(tenant, webhook_id, replay_id)
            if replay.state is not ReplayState.RUNNING:
                return replay
            now = timestamp(self.clock())
            cancelled = replays.ended(replay, ReplayState.CANCELLED, now=now)
            after = self.replays.replace(replay, cancelled)
            if after is not None:
                return after
        raise Conflict("is just being worked on; try again", code="replay_changed")

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
