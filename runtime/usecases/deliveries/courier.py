"""Posts deliveries to their receivers, in the endpoint's format, signed by every live secret.

One POST in Klaviyo's format may carry many events, so a batch's first attempts at one endpoint
share a POST. Each delivery has its own record, which gets the outcome of the shared POST. A retry
is sent alone, because it is due at its own time.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from runtime.core.deliveries.attempt import Posted
from runtime.core.deliveries.delivery import Delivery
from runtime.core.formats import formats, klaviyo
from runtime.core.formats.formats import Wire
from runtime.core.webhooks import access, signing
from runtime.core.webhooks.access import Access
from runtime.core.webhooks.webhook import Format, Sealed, Webhook
from runtime.errors import PenstockError
from runtime.usecases.deliveries.live_keys import live_keys

NO_ACCESS: Final = Access()


class Sender(Protocol):
    """Sends POSTs."""

    async def post(
        self,
        url: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        deadline_s: float,
        access: Access,
    ) -> Posted:
        """POST `body`, and return what came of it.

        Raises:
            PenstockError: the POST could not be tried because of a fault of our own.
        """

    def close(self) -> None:
        """Close idle connections."""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Credentials:
    """The secrets and the access settings of one endpoint, in the clear."""

    keys: Sequence[signing.Key] = ()  # the newest first
    access: Access = NO_ACCESS


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The credentials of a batch's endpoints, each opened once for all of its deliveries.

    A keyring lives as long as its batch, so no secret stays in the clear for longer.
    """

    courier: "Courier"
    now: str  # ISO 8601, when the batch began; the secrets that are live then sign its attempts
    # Tenant and webhook id → the record that was opened, and its credentials or the error.
    _opened: dict[tuple[str, str], tuple[Webhook, Credentials | PenstockError]] = field(
        default_factory=dict
    )

    def credentials(self, webhook: Webhook) -> Credentials:
        """The credentials in this webhook's record.

        Raises:
            PenstockError: a secret does not open. Every delivery of the batch gets the same error.
        """
        key = webhook.tenant, webhook.id
        record, opened = self._opened.get(key, (None, None))
        # Another delivery of the batch may have a newer record of the webhook, with other secrets.
        if opened is None or record != webhook:
            opened = self._open(webhook)
            self._opened[key] = webhook, opened
        if isinstance(opened, PenstockError):
            raise opened
        return opened

    def _open(self, webhook: Webhook) -> Credentials | PenstockError:
        try:
            return self.courier.credentials(webhook, now=self.now)
        except PenstockError as problem:
            return problem


@dataclass(slots=True, kw_only=True)
class _Parcel:
    """Deliveries that share a POST."""

    journey: "asyncio.Task[Posted]"  # the POST that they share
    entries: list[bytes]  # one for each delivery, as it stands in the body
    entry_bytes: int = 0  # the length of all entries together

    def has_room_for(self, entry: bytes) -> bool:
        """Whether the POST may carry this entry, too."""
        return klaviyo.fits(events=len(self.entries) + 1, entry_bytes=self.entry_bytes + len(entry))

    def add(self, entry: bytes) -> None:
        """Add one more delivery to the POST."""
        self.entries.append(entry)
        self.entry_bytes += len(entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Brings deliveries."""

    sender: Sender
    open_secret: Callable[[str, str], str]  # decrypts for a tenant: (tenant, ciphertext)
    _parcels: dict[str, _Parcel] = field(default_factory=dict)

    def keyring(self, *, now: str) -> Keyring:
        """A keyring for a batch that begins at `now` (ISO 8601)."""
        return Keyring(self, now)

    def credentials(self, webhook: Webhook, *, now: str) -> Credentials:
        """Decrypt every key that signs at `now` (ISO 8601), and what the endpoint requires.

        Raises:
            PenstockError: one of them does not open. That is our fault, never the receiver's.
        """
        return Credentials(
            keys=live_keys(webhook, open_secret=self.open_secret, now=now),
            access=access.parse(
                headers=self._opened(webhook, webhook.headers),
                login=self._opened(webhook, webhook.auth),
                certificate=self._opened(webhook, webhook.client_certificate),
            ),
        )

    def _opened(self, webhook: Webhook, sealed: Sealed | None) -> str | None:
        return None if sealed is None else self.open_secret(webhook.tenant, sealed.ciphertext)

    async def post(
        self, webhook: Webhook, delivery: Delivery, *, credentials: Credentials, at: datetime
    ) -> Posted:
        """POST `delivery` to `webhook`, and return what came of it.

        Raises:
            PenstockError: the POST could not be tried because of a fault of our own.
        """
        if webhook.format is Format.KLAVIYO and not delivery.attempts:
            return await self._together(webhook, delivery, credentials, at)
        wire = formats.wire(webhook, delivery, keys=credentials.keys, at=at)
        return await self._send(webhook, wire, credentials)

    def close(self) -> None:
        """Close idle connections."""
        self.sender.close()

    async def _together(
        self, webhook: Webhook, delivery: Delivery, credentials: Credentials, at: datetime
    ) -> Posted:
        entry = klaviyo.entry(delivery)
        parcel = self._parcels.get(webhook.id)
        if parcel is None or not parcel.has_room_for(entry):
            parcel = self._parcels[webhook.id] = self._open(webhook, credentials, at)
        parcel.add(entry)
        return await parcel.journey

    def _open(self, webhook: Webhook, credentials: Credentials, at: datetime) -> _Parcel:
        aboard: list[bytes] = []

        async def depart() -> Posted:
            # The loop runs this after everything that the batch has started before, so all
            # deliveries that share the POST have been added.
            if self._parcels[webhook.id].entries is aboard:
                del self._parcels[webhook.id]
            wire = formats.klaviyo_wire(webhook, aboard, keys=credentials.keys, at=at)
            return await self._send(webhook, wire, credentials)

        return _Parcel(journey=asyncio.create_task(depart()), entries=aboard)

    async def _send(self, webhook: Webhook, wire: Wire, credentials: Credentials) -> Posted:
        return await self.sender.post(
            webhook.url,
            headers=wire.headers,
            body=wire.body,
            deadline_s=webhook.timeout_s,
            access=credentials.access,
        )
