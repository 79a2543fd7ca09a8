"""Makes the bytes and headers of one POST in each format.

A delivery's record has the body as `payload` or a transform made it. The webhook's format is put
around the body at each attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.core.deliveries.delivery import Delivery
from runtime.core.formats import cloudevents, klaviyo
from runtime.core.webhooks import signing
from runtime.core.webhooks.webhook import Format, Webhook
from runtime.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One POST."""

    headers: tuple[tuple[str, str], ...]  # names and values, in the order in which they are sent
    body: bytes  # the signature covers exactly these bytes


def wire(
    webhook: Webhook, delivery: Delivery, *, keys: Sequence[signing.Key], at: datetime
) -> Wire:
    """The POST that brings `delivery` to `webhook` at this time.

    Args:
        webhook: the receiver, whose format the POST has.
        delivery: what is sent, with its body.
        keys: every live key, the newest first.
        at: the time of this attempt.

    Raises:
        BadInput: there is no key to sign with.
    """
    match webhook.format:
        case Format.KLAVIYO:
            return klaviyo_wire(webhook, [klaviyo.entry(delivery)], keys=keys, at=at)
        case Format.CLOUDEVENTS:
            return _signed(delivery, cloudevents.body(delivery), keys, at, cloudevents.TYPE)
        case Format.STANDARD:
            return _signed(delivery, delivery.body, keys, at, "application/json")


def klaviyo_wire(
    webhook: Webhook, entries: Sequence[bytes], *, keys: Sequence[signing.Key], at: datetime
) -> Wire:
    """The POST that brings several deliveries to a webhook with Klaviyo's format at this time.

    Args:
        webhook: where it goes.
        entries: each delivery as `klaviyo.entry` made it; `klaviyo.fits` says how many fit.
        keys: every live key, the newest first.
        at: the time of this attempt.

    Raises:
        BadInput: there is no key to sign with.
    """
    body = klaviyo.body(entries, tenant=webhook.tenant, webhook_id=webhook.id, at=at)
    headers = klaviyo.headers(keys, body, webhook_id=webhook.id, at=at)
    return Wire(headers=headers, body=body)


def key(webhook_format: Format, text: str) -> signing.Key:
    """The key that a secret's text stands for in this format.

    Raises:
        BadInput: code `bad_secret`.
    """
    if webhook_format is Format.KLAVIYO:
        return klaviyo.key(text)
    return signing.parse_key(text)


def check_ed25519(webhook_format: Format) -> None:
    """Refuse a private key for a format that has no header for its signature.

    Raises:
        BadInput: code `bad_ed25519`.
    """
    if webhook_format is Format.KLAVIYO:
        raise BadInput(
            "the klaviyo format knows shared secrets only", field="ed25519", code="bad_ed25519"
        )


def check_handshake(webhook_format: Format, *, handshake: bool) -> None:
    """Refuse a handshake for a format that does not have one.

    Raises:
        BadInput: code `bad_handshake`.
    """
    if handshake and webhook_format is not Format.CLOUDEVENTS:
        raise BadInput(
            "is part of the cloudevents format only", field="handshake", code="bad_handshake"
        )


def _signed(
    delivery: Delivery, text: str, keys: Sequence[signing.Key], at: datetime, content_type: str
) -> Wire:
    body = text.encode()
    signed = signing.headers(keys, body, message_id=delivery.id, at_s=int(at.timestamp()))
    return Wire(headers=(("content-type", content_type), *signed), body=body)
