"""Turns webhooks into items of the config table, and back."""

from collections.abc import Mapping
from typing import Final

from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.core.webhooks.webhook import Format, Sealed, SealedSecret, Webhook
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

SEALED: Final = frozenset({"headers", "auth", "client_certificate"})  # each a `Sealed`, or absent
AS_JSON: Final = SEALED | {"topics", "filter", "secrets", "retry_schedule_s", "rate_limit"}


def webhook_item(webhook: Webhook) -> Item:
    """The attributes of a webhook."""
    return codec.encode(webhook, as_json=AS_JSON)


def webhook(item: Mapping[str, Item]) -> Webhook:
    """A stored webhook."""
    raw = codec.fields(item, Webhook, as_json=AS_JSON)
    raw["topics"] = tuple(raw["topics"])
    raw["secrets"] = tuple(SealedSecret(**secret) for secret in raw["secrets"])
    raw["format"] = Format(raw["format"])
    if "retry_schedule_s" in raw:
        raw["retry_schedule_s"] = tuple(raw["retry_schedule_s"])
    for name in raw.keys() & SEALED:
        field = raw[name]
        raw[name] = Sealed(ciphertext=field["ciphertext"], shown=tuple(field["shown"]))
    if "rate_limit" in raw:
        limit = raw["rate_limit"]
        raw["rate_limit"] = RateLimit(count=limit["count"], per=Per(limit["per"]))
    return Webhook(**raw)
