"""Klaviyo's webhook request, so that a receiver built for Klaviyo works unchanged.

The body is `{"data": [{"external_id", "topic", "payload"}…], "meta": {…}}` with up to a thousand
events; `Klaviyo-Signature` is the hexadecimal HMAC-SHA256 of the body and, without a separator, the
`Klaviyo-Timestamp` header.
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery
from runtime.core.events import topics
from runtime.core.formats import payload
from runtime.core.formats.payload import Standard
from runtime.core.json_text import dump
from runtime.core.profiles import profile
from runtime.core.timestamps import moment
from runtime.core.webhooks.signing import Key, SharedKey
from runtime.errors import BadInput

MAX_EVENTS: Final = 1000  # in one POST; Klaviyo's own limit
MAX_BODY_BYTES: Final = 1_000_000
MIN_SECRET_CHARS: Final = 16  # what Klaviyo asks of a secret_key
MAX_SECRET_CHARS: Final = 128
_EVENTS: Final = uuid.uuid5(uuid.NAMESPACE_URL, "penstock/events")
_ATTRIBUTES: Final = {"external_id": "external_id", "email": "email", "phone": "phone_number"}
_META_BYTES: Final = 512  # room for what surrounds the events


def key(text: str) -> SharedKey:
    """The key of a secret: its text as it is, prefix included; nothing is decoded.

    Raises:
        BadInput: code `bad_secret`.
    """
    is_bare = text.isascii() and text.isprintable() and text == text.strip()
    if not (MIN_SECRET_CHARS <= len(text) <= MAX_SECRET_CHARS and is_bare):
        raise BadInput(
            f"must be {MIN_SECRET_CHARS} to {MAX_SECRET_CHARS} printable ASCII characters,"
            " no blanks around them",
            field="secret",
            code="bad_secret",
        )
    return SharedKey(text.encode())


def body(entries: Sequence[bytes], *, tenant: str, webhook_id: str, at: datetime) -> bytes:
    """The request's body with these entries, each of which `entry` made of a delivery."""
    meta = {
        "klaviyo_account_id": tenant,
        "klaviyo_webhook_id": webhook_id,
        "timestamp": at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return b'{"data":[' + b",".join(entries) + b'],"meta":' + dump(meta).encode() + b"}"


def headers(
    keys: Sequence[Key], body: bytes, *, webhook_id: str, at: datetime
) -> tuple[tuple[str, str], ...]:
    """The request's headers.

    There is room for one signature. While secrets overlap, the oldest one signs, so that receivers
    can learn the new secret before it is used. After the overlap the new one signs.

    Raises:
        BadInput: code `bad_secret`: there is no shared secret to sign with.
    """
    shared = [each for each in keys if isinstance(each, SharedKey)]
    if not shared:
        raise BadInput("there is no secret to sign with", field="secret", code="bad_secret")
    timestamp = format_datetime(at.astimezone(UTC), usegmt=True)
    return (
        ("Content-Type", "application/json"),
        ("Klaviyo-Webhook-Id", webhook_id),
        ("Klaviyo-Signature", sign(shared[-1].secret, body, timestamp=timestamp)),
        ("Klaviyo-Timestamp", timestamp),
    )


def sign(secret: bytes, body: bytes, *, timestamp: str) -> str:
    """The signature of a body and of the `Klaviyo-Timestamp` header, whose exact text it covers."""
    return hmac.new(secret, body + timestamp.encode(), hashlib.sha256).hexdigest()


def fits(*, events: int, entry_bytes: int) -> bool:
    """Whether this many events, whose entries are `entry_bytes` long together, fit one POST."""
    whole = entry_bytes + events + _META_BYTES  # a comma stands between two entries
    return events <= MAX_EVENTS and whole <= MAX_BODY_BYTES


def entry(delivery: Delivery) -> bytes:
    """The entry of one delivery in the body's `data`."""
    standard = payload.read(delivery)
    content = delivery.body or "null" if standard is None else dump(_event(delivery, standard))
    names = dump({"external_id": external_id(delivery), "topic": topics.to_klaviyo(delivery.topic)})
    return f'{names[:-1]},"payload":{content}}}'.encode()


def external_id(delivery: Delivery) -> str:
    """The id by which receivers recognise a repeat.

    The event's own delivery to this webhook has the event's id. Any other delivery, such as a
    second one that a transform made, has its own id.
    """
    only = ids.delivery_id(delivery.tenant, delivery.event_id, delivery.webhook_id)
    return delivery.event_id if delivery.id == only else delivery.id


def _event(delivery: Delivery, standard: Standard) -> Mapping[str, Any]:
    """The event as Klaviyo's Get Event answers it, with the profile under `included`."""
    occurred = moment(standard.timestamp)
    document: dict[str, Any] = {
        "data": {
            "type": "event",
            "id": delivery.event_id,
            "attributes": {
                "timestamp": int(occurred.timestamp()),
                "event_properties": standard.properties,
                "datetime": occurred.isoformat(timespec="seconds"),
                "uuid": str(uuid.uuid5(_EVENTS, f"{delivery.tenant}/{delivery.event_id}")),
            },
            "relationships": {"metric": {"data": {"type": "metric", "id": delivery.topic}}},
        }
    }
    person = profile.id_by(delivery.tenant, standard.profile)
    if person is not None:
        linkage = {"type": "profile", "id": person}
        document["data"]["relationships"]["profile"] = {"data": linkage}
        attributes = {
            theirs: standard.profile[ours]
            for ours, theirs in _ATTRIBUTES.items()
            if ours in standard.profile
        }
        document["included"] = [{**linkage, "attributes": attributes}]
    return document
