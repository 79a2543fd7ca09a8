"""Writes of a table, as its stream tells of them."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar

from runtime.core.timestamps import of_epoch_ms
from runtime.errors import BadInput
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

T = TypeVar("T")
Record = Mapping[str, Any]  # what a stream says of one write: `dynamodb` of what Lambda gets
BEFORE: Final = "OldImage"
AFTER: Final = "NewImage"  # a record without it is a removal


class Write(NamedTuple, Generic[T]):
    """One committed write of a record."""

    before: T | None  # as it stood before; None for a new one
    after: T
    at: str  # ISO 8601; as the stream says, to the second or better


def read(record: Record, decode: Callable[[Mapping[str, Item]], T], *, code: str) -> Write[T]:
    """The write that a record tells of.

    Args:
        record: one with a new image.
        decode: makes what is stored of an item.
        code: of the error.

    Raises:
        BadInput: with this code: an image is not what is stored in the table.
    """
    try:
        after = decode(codec.from_stream(record[AFTER]))
        before = decode(codec.from_stream(record[BEFORE])) if BEFORE in record else None
        at_ms = round(float(record["ApproximateCreationDateTime"]) * 1000)
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput(
            f"an image of the stream cannot be read: {type(problem).__name__}", code=code
        ) from problem
    return Write(before=before, after=after, at=of_epoch_ms(at_ms))
