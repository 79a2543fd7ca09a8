"""How a record becomes a DynamoDB item and is read back; each domain's `items.py` says which.

A scalar becomes an attribute of its own, which a person can read in the console. Every other field
becomes compact JSON text, because DynamoDB's numbers lose what JSON has (1e300, 1.0 beside 1). A
long text is compressed: an item may have 400 KB at most, and is billed by the KB.
"""

import base64
import dataclasses
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final

from runtime.core.json_text import dump
from runtime.core.shallow import shallow

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Item = dict[str, Any]
SMALL_BYTES: Final = 4096  # as much as the smaller of zlib's windows holds
PACK_FROM_BYTES: Final = 1024  # gzip's overhead eats the gain of a shorter text
EITHER_FORM: Final = 32 + zlib.MAX_WBITS  # gzip's, or zlib's own
_NAME: Final = re.compile(r"#[a-z_0-9]+")


def encode(record: "DataclassInstance", *, as_json: AbstractSet[str] = frozenset()) -> Item:
    """The attributes of a record; a field that is None has none.

    Args:
        record: a dataclass.
        as_json: the fields that are not scalars.
    """
    values = ((field.name, getattr(record, field.name)) for field in dataclasses.fields(record))
    return {
        name: text(json_of(value)) if name in as_json else scalar(value)
        for name, value in values
        if value is not None
    }


def fields(
    item: Mapping[str, Item],
    record: type["DataclassInstance"],
    *,
    as_json: AbstractSet[str] = frozenset(),
) -> dict[str, Any]:
    """The fields of a record that an item has, by name: JSON is read, but not made into objects.

    Attributes that are no fields are left out: a newer version of this code may have written them,
    and older code must be able to read on after a rollback.
    """
    names = [field.name for field in dataclasses.fields(record) if field.name in item]
    return {
        # json.loads, not our own `load`: these texts are ours, and effects nest a payload deeper.
        name: json.loads(value(item[name])) if name in as_json else value(item[name])
        for name in names
    }


def json_of(value: object) -> str:
    """Compact JSON of a field: a dataclass becomes an object, a tuple an array."""
    return dump(_plain(value))


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
    """A text, compressed whenever that is shorter: for records of which there are millions."""
    data = raw.encode()
    # Small tables: to set up zlib's usual ones takes longer than to pack a kilobyte with them.
    small = zlib.compressobj(wbits=12 if len(data) < SMALL_BYTES else 15, memLevel=5)
    packed = small.compress(data) + small.flush()
    return {"B": packed} if len(packed) < len(data) else {"S": raw}


def key(values: Mapping[str, str]) -> Item:
    """A key, or any attributes that must not be compressed."""
    return {name: {"S": raw} for name, raw in values.items()}


def exact(values: Mapping[str, str | float]) -> Item:
    """Attribute values to compare with; no text of theirs is compressed."""
    return {name: _uncompressed(raw) for name, raw in values.items()}


def placeholders(expression: str, values: Mapping[str, str | float]) -> Item:
    """The names and values that an expression refers to, as DynamoDB wants them."""
    names = {name: name[1:] for name in _NAME.findall(expression)}
    filled = exact({f":{name}": raw for name, raw in values.items()})
    return {
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": filled} if filled else {}),
    }


def from_stream(image: Mapping[str, Item]) -> Item:
    """An item as a table's stream hands it to Lambda: bytes come as base64."""
    return {
        name: {"B": base64.b64decode(attribute["B"])} if "B" in attribute else attribute
        for name, attribute in image.items()
    }


def value(attribute: Item) -> Any:
    """What an attribute means."""
    ((kind, raw),) = attribute.items()
    match kind:
        case "N":
            return int(raw) if raw.lstrip("-").isdigit() else float(raw)
        case "B":
            return zlib.decompress(raw, wbits=EITHER_FORM).decode()
        case _:
            return raw


def _uncompressed(raw: str | float) -> Item:
    return {"S": str(raw)} if isinstance(raw, str) else scalar(raw)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(item) for name, item in shallow(value).items()}
    if isinstance(value, Mapping):
        return {
            name: _plain(item) if hasattr(item, "__dataclass_fields__") else item
            for name, item in value.items()
        }
    return value
