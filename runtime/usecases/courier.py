"""The way from a delivery to its receiver: in the endpoint's format, signed by every live secret.

Klaviyo's format carries many events in one POST. First attempts for one endpoint that meet in a
batch then travel together: each keeps a record of its own and gets the outcome of the shared POST.
Retries travel alone, because each has its own time.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from runtime.core import formats, klaviyo, signing
from runtime.core.attempt import Posted
from runtime.core.delivery import Delivery
from runtime.core.webhook import Format, Webhook


class Sender(Protocol):
    """The way out."""

    async def post(
        self, url: str, *, headers: Sequence[tuple[str, str]], body: bytes, deadline_s: float
    ) -> Posted:
        """What came of posting; raises only for faults of our own."""

    def close(self) -> None:
        """Close idle connections."""


@dataclass(slots=True, kw_only=True)
class _Parcel:
    """Deliveries that travel together, and their one journey."""

    journey: "asyncio.Task[Posted]"
    deliveries: list[Delivery]
    bytes_each: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Brings deliveries; `open_secret` opens what is sealed for a tenant."""

    sender: Sender
    open_secret: Callable[[str, str], str]
    _parcels: dict[str, _Parcel] = field(default_factory=dict)

    def keys(self, webhook: Webhook, *, now: str) -> list[signing.Key]:
        """Every key that signs at `now`, the newest first.

        Raises:
            PenstockError: one does not open; ours to mend, never the receiver's fault.
        """
        live = signing.live_secrets(webhook.secrets, now=now)
        texts = [self.open_secret(webhook.tenant, secret.ciphertext) for secret in live]
        return [formats.key(webhook.format, text) for text in texts]

    async def post(
        self, webhook: Webhook, delivery: Delivery, *, keys: Sequence[signing.Key], at: datetime
    ) -> Posted:
        """What came of bringing `delivery` to `webhook`.

        Raises:
            Transient: this machine could not try.
        """
        if webhook.format is Format.KLAVIYO and not delivery.attempts:
            return await self._together(webhook, delivery, keys, at)
        return await self._send(webhook, [delivery], keys, at)

    def close(self) -> None:
        """Close idle connections."""
        self.sender.close()

    async def _together(
        self, webhook: Webhook, delivery: Delivery, keys: Sequence[signing.Key], at: datetime
    ) -> Posted:
        size = klaviyo.entry_bytes(delivery)
        parcel = self._parcels.get(webhook.id)
        if parcel is None or not klaviyo.fits([*parcel.bytes_each, size]):
            parcel = self._parcels[webhook.id] = self._open(webhook, keys, at)
        parcel.deliveries.append(delivery)
        parcel.bytes_each.append(size)
        return await parcel.journey

    def _open(self, webhook: Webhook, keys: Sequence[signing.Key], at: datetime) -> _Parcel:
        aboard: list[Delivery] = []

        async def depart() -> Posted:
            # The loop starts this after everything that the batch has started before it, so
            # whatever travels with it is aboard.
            if self._parcels[webhook.id].deliveries is aboard:
                del self._parcels[webhook.id]
            return await self._send(webhook, aboard, keys, at)

        return _Parcel(journey=asyncio.create_task(depart()), deliveries=aboard, bytes_each=[])

    async def _send(
        self,
        webhook: Webhook,
        deliveries: Sequence[Delivery],
        keys: Sequence[signing.Key],
        at: datetime,
    ) -> Posted:
        wire = formats.wire(webhook, deliveries, keys=keys, at=at)
        return await self.sender.post(
            webhook.url, headers=wire.headers, body=wire.body, deadline_s=webhook.timeout_s
        )
