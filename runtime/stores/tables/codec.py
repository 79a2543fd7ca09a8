"""Records to DynamoDB items and back.

Scalars rest as attributes, readable in the console; everything else as compact JSON text, because
DynamoDB's numbers lose what JSON has (1e300, 1.0 beside 1). Long texts rest compressed: an item
ends at 400 KB and is billed by the KB.
"""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from runtime.core.deliveries.delivery import Attempt, Delivery, Status, Waiting
from runtime.core.deliveries.replay import Replay, ReplayState
from runtime.core.functions.function import Engine, Function, FunctionVersion, Limits
from runtime.core.functions.run import Outcome, Run
from runtime.core.json_text import dump
from runtime.core.pacing.endpoint_health import Health, Notice, NoticeKind
from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.core.profiles.profile import Profile
from runtime.core.shallow import shallow
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.tenancy.idempotency import Claim, State
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.core.webhooks.webhook import Format, Sealed, SealedSecret, Webhook

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Item = dict[str, Any]
SMALL_BYTES: Final = 4096  # as much as the smaller of zlib's windows holds
PACK_FROM_BYTES: Final = 1024  # below, gzip's overhead eats the gain
EITHER_FORM: Final = 32 + zlib.MAX_WBITS  # gzip's, or zlib's own
_NAME: Final = re.compile(r"#[a-z_0-9]+")
CONTENT: Final = ("id", "body", "attempts")  # of a delivery: what rests under another name
SEALED: Final = ("headers", "auth", "client_certificate")  # of a webhook
# What is not a scalar; texts of these fields are JSON.
AS_JSON: Final[Mapping[type, frozenset[str]]] = {
    Webhook: frozenset({"topics", "filter", "secrets", "retry_schedule_s", "rate_limit", *SEALED}),
    Function: frozenset({"topics", "filter", "http_hosts", "environment", "secrets", "limits"}),
    ApiKey: frozenset({"scopes"}),
    Run: frozenset({"output", "error", "logs", "effects", "event"}),
    Profile: frozenset({"properties", "stamps"}),
    Claim: frozenset({"body"}),
    Health: frozenset({"notices"}),
    Replay: frozenset({"statuses"}),
}


def encode(record: "DataclassInstance") -> Item:
    """The attributes of a record; None is absence."""
    as_json = AS_JSON.get(type(record), frozenset())
    held = ((field.name, getattr(record, field.name)) for field in fields(record))
    return {
        name: text(dump(_plain(item))) if name in as_json else scalar(item)
        for name, item in held
        if item is not None
    }


def scalar(raw: str | float) -> Item:
    """One attribute value; bool, int and float are told apart."""
    match raw:
        case bool():
            return {"BOOL": raw}
        case int() | float():
            return {"N": repr(raw)}
        case str():
            return text(str(raw))


def text(raw: str) -> Item:
    """A text, compressed when that pays."""
    data = raw.encode()
    if len(data) < PACK_FROM_BYTES:
        return {"S": raw}
    return {"B": gzip.compress(data, compresslevel=6, mtime=0)}


def packed(raw: str) -> Item:
    """A text where every byte counts: compressed as soon as that is shorter at all."""
    data = raw.encode()
    # Small tables: to set up zlib's usual ones takes longer than to pack a kilobyte with them.
    small = zlib.compressobj(wbits=12 if len(data) < SMALL_BYTES else 15, memLevel=5)
    packed = small.compress(data) + small.flush()
    return {"B": packed} if len(packed) < len(data) else {"S": raw}


def key(values: Mapping[str, str]) -> Item:
    """A key, or any attributes that must not be compressed."""
    return {name: {"S": raw} for name, raw in values.items()}


def placeholders(expression: str, values: Mapping[str, str | float]) -> Item:
    """The names and values that an expression refers to, as DynamoDB wants them."""
    names = {name: name[1:] for name in _NAME.findall(expression)}
    filled = {f":{name}": _uncompressed(raw) for name, raw in values.items()}
    return {
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": filled} if filled else {}),
    }


def webhook(item: Mapping[str, Item]) -> Webhook:
    """A stored webhook."""
    raw = _fields(item, Webhook)
    raw["topics"] = tuple(raw["topics"])
    raw["secrets"] = tuple(SealedSecret(**secret) for secret in raw["secrets"])
    raw["format"] = Format(raw["format"])
    if "retry_schedule_s" in raw:
        raw["retry_schedule_s"] = tuple(raw["retry_schedule_s"])
    for name in raw.keys() & SEALED:
        sealed = raw[name]
        raw[name] = Sealed(ciphertext=sealed["ciphertext"], shown=tuple(sealed["shown"]))
    if "rate_limit" in raw:
        limit = raw["rate_limit"]
        raw["rate_limit"] = RateLimit(count=limit["count"], per=Per(limit["per"]))
    return Webhook(**raw)


def function(item: Mapping[str, Item]) -> Function:
    """A stored function."""
    raw = _fields(item, Function)
    raw["topics"] = tuple(raw["topics"])
    raw["http_hosts"] = tuple(raw["http_hosts"])
    raw["limits"] = Limits(**raw["limits"])
    if "engine" in raw:
        raw["engine"] = Engine(raw["engine"])
    return Function(**raw)


def function_version(item: Mapping[str, Item]) -> FunctionVersion:
    """A stored version."""
    raw = _fields(item, FunctionVersion)
    # Stored before there was a choice: what it was checked with, and runs with ever since.
    raw["engine"] = Engine(raw.get("engine", Engine.RESTRICTED))
    return FunctionVersion(**raw)


def sync(item: Mapping[str, Item]) -> Sync:
    """A stored sync."""
    raw = _fields(item, Sync)
    raw["kind"] = DestinationKind(raw["kind"])
    return Sync(**raw)


def api_key(item: Mapping[str, Item]) -> ApiKey:
    """A stored API key."""
    raw = _fields(item, ApiKey)
    raw["scopes"] = tuple(raw["scopes"])
    return ApiKey(**raw)


def delivery_item(record: Delivery) -> Item:
    """The attributes of a delivery, of which there are millions: as few bytes as will do.

    What is as usual is absent. Body and attempts are one text, because what is long and alike packs
    well together: a JSON line of the attempts, and the body to the byte.
    """
    usual = {field.name: field.default for field in fields(record)}
    held = {name: getattr(record, name) for name in usual if name not in CONTENT}
    content = f"{dump(_plain(record.attempts))}\n{record.body}"
    return {
        "pk": {"S": record.id},
        **{name: scalar(item) for name, item in held.items() if item != usual[name]},
        "content": packed(content),
    }


def delivery(item: Mapping[str, Item]) -> Delivery:
    """A stored delivery."""
    raw = _fields(item, Delivery)
    attempts, _, raw["body"] = value(item["content"]).partition("\n")
    raw["attempts"] = tuple(Attempt(**attempt) for attempt in json.loads(attempts))
    raw["status"] = Status(raw["status"])
    return Delivery(id=value(item["pk"]), **raw)


def waiting(item: Mapping[str, Item]) -> Waiting:
    """What the due index has of a delivery."""
    return Waiting(id=value(item["pk"]), **_fields(item, Waiting))


def health(item: Mapping[str, Item]) -> Health:
    """A stored endpoint's health."""
    raw = _fields(item, Health)
    raw["notices"] = tuple(
        Notice(**{**notice, "kind": NoticeKind(notice["kind"])}) for notice in raw["notices"]
    )
    return Health(**raw)


def replay(item: Mapping[str, Item]) -> Replay:
    """A stored replay."""
    raw = _fields(item, Replay)
    raw["statuses"] = tuple(map(Status, raw["statuses"]))
    raw["state"] = ReplayState(raw["state"])
    return Replay(**raw)


def run(item: Mapping[str, Item]) -> Run:
    """A stored run."""
    raw = _fields(item, Run)
    raw["logs"] = tuple(raw["logs"])
    raw["effects"] = tuple(raw["effects"])
    raw["outcome"] = Outcome(raw["outcome"])
    if "engine" in raw:
        raw["engine"] = Engine(raw["engine"])
    return Run(**raw)


def profile(item: Mapping[str, Item]) -> Profile:
    """A stored profile, from its table or from the table's stream."""
    return Profile(**_fields(item, Profile))


def claim(item: Mapping[str, Item]) -> Claim:
    """A stored idempotency claim."""
    raw = _fields(item, Claim)
    raw["state"] = State(raw["state"])
    return Claim(**raw)


def _uncompressed(raw: str | float) -> Item:
    return {"S": str(raw)} if isinstance(raw, str) else scalar(raw)


def from_stream(image: Mapping[str, Item]) -> Item:
    """An item as a table's stream hands it to Lambda: bytes come as base64."""
    return {
        name: {"B": base64.b64decode(held["B"])} if "B" in held else held
        for name, held in image.items()
    }


def _fields(item: Mapping[str, Item], record: type["DataclassInstance"]) -> dict[str, Any]:
    # Attributes that a newer version has written are left out: old code must survive a rollback.
    as_json = AS_JSON.get(record, frozenset())
    stored = {field.name: item[field.name] for field in fields(record) if field.name in item}
    return {
        # json.loads, not our own `load`: these texts are ours, and effects nest a payload deeper.
        name: json.loads(value(kept)) if name in as_json else value(kept)
        for name, kept in stored.items()
    }


def value(stored: Item) -> Any:
    """What an attribute means."""
    ((kind, raw),) = stored.items()
    match kind:
        case "N":
            return int(raw) if raw.lstrip("-").isdigit() else float(raw)
        case "B":
            return zlib.decompress(raw, wbits=EITHER_FORM).decode()
        case _:
            return raw


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(item) for name, item in shallow(value).items()}
    return dict(value) if isinstance(value, Mapping) else value
