"""Turns API keys and idempotency claims into items of the config table, and back."""

from collections.abc import Mapping
from typing import Final

from runtime.core.tenancy.api_key import ApiKey
from runtime.core.tenancy.idempotency import Claim, State
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

API_KEY_AS_JSON: Final = frozenset({"scopes"})
CLAIM_AS_JSON: Final = frozenset({"body"})


def api_key_item(api_key: ApiKey) -> Item:
    """The attributes of an API key."""
    return codec.encode(api_key, as_json=API_KEY_AS_JSON)


def api_key(item: Mapping[str, Item]) -> ApiKey:
    """A stored API key."""
    raw = codec.fields(item, ApiKey, as_json=API_KEY_AS_JSON)
    raw["scopes"] = tuple(raw["scopes"])
    return ApiKey(**raw)


def claim_item(claim: Claim) -> Item:
    """The attributes of an idempotency claim."""
    return codec.encode(claim, as_json=CLAIM_AS_JSON)


def claim(item: Mapping[str, Item]) -> Claim:
    """A stored idempotency claim."""
    raw = codec.fields(item, Claim, as_json=CLAIM_AS_JSON)
    raw["state"] = State(raw["state"])
    return Claim(**raw)
